"""Kinds of traits that the explorer's controls have."""

import numpy as np
import traitlets as t

from .drawing import SIDE


class Index(t.Int):
    """A whole number, NumPy's too, and no bool."""

    def validate(self, widget, value):
        if isinstance(value, bool | np.bool_):
            self.error(widget, value)
        return super().validate(widget, value.item() if isinstance(value, np.integer) else value)


class Fraction(t.Float):
    """A number from 0 to 1; NaN, which `Float` lets pass whatever its ends, is none."""

    def validate(self, widget, value):
        value = super().validate(widget, value.item() if isinstance(value, np.number) else value)
        if not 0 <= value <= 1:
            raise t.TraitError(f"{self.name} is {value}: expected a number from 0 to 1")
        return value


class Picture(t.TraitType):
    """Ink on a scene, uint8, (100, 100), a copy that nothing can write to; or None."""

    def validate(self, widget, value):
        if value is None:
            return None
        if not isinstance(value, np.ndarray) or value.dtype != np.uint8 or value.shape != (SIDE, SIDE):
            kind = f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
            raise t.TraitError(f"{self.name} is {kind}: expected a NumPy array, uint8, ({SIDE}, {SIDE}), of 0 where "
                               "there is no ink")
        value = value.copy()
        value.flags.writeable = False
        return value


AS_BYTES = {"to_json": lambda value, widget: None if value is None else value.tobytes(),
             "from_json": lambda value, widget: value and np.frombuffer(value, np.uint8).reshape(SIDE, SIDE)}
