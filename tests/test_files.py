import pytest

from camlib.files import whole_file


def test_the_name_appears_once_all_is_written(tmp_path):
    path = tmp_path / "new folder" / "a.txt"
    with whole_file(path) as part:
        part.write_text("half")
        assert not path.exists() and part.parent == path.parent
    assert path.read_text() == "half" and list(path.parent.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as part:
        part.write_text("new")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_two_writers_do_not_mix(tmp_path):
    path = tmp_path / "a.txt"
    with whole_file(path) as first, whole_file(path) as second:
        first.write_text("first")
        second.write_text("second")
        assert first != second
    assert path.read_text() == "first"  # the one that finished last


def test_others_may_read_it(tmp_path):
    path, plain = tmp_path / "a.txt", tmp_path / "plain.txt"
    plain.write_text("")
    with whole_file(path):
        pass
    assert path.stat().st_mode == plain.stat().st_mode
