"""The names that running a statement defines, and those of the objects that it changes in place."""

import ast
from types import MappingProxyType

CHANGES = {*dir(list), *dir(dict), *dir(set), "fill"} - {*dir(tuple), *dir(MappingProxyType), *dir(frozenset)}
CLOSED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.ListComp, ast.SetComp, ast.DictComp,
          ast.GeneratorExp)  # what these assign to is their own


def defined(tree):
    """The names of functions, classes and variables that running a parsed source defines, imports aside: a set."""
    found = set()
    for node in _run(tree):
        match node:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name) | ast.Name(name, ast.Store()):
                found.add(name)
    return found


def changed(tree):
    """The names in w[:] = 1, box.k = 1, del table[0] and ones.append(1), wherever a parsed source runs them: a set."""
    found = set()
    for node in _run(tree):
        match node:
            case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
                found.add(_owner(node))
            case ast.Expr(ast.Call(ast.Attribute(_, method) as called)) if method in CHANGES:
                found.add(_owner(called))
    return found - {None}


def _owner(node):
    """The name that stands first in box.table[3].k; None where that is none."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _run(tree):
    """The nodes of a tree that running it runs in its own scope: not what is in a function, class or comprehension."""
    todo = [tree]
    while todo:
        yield (node := todo.pop())
        if not isinstance(node, CLOSED):
            todo += ast.iter_child_nodes(node)
