#!/bin/sh
# Believed: environment.yml may ask for a range of Pythons, as conda reads it, and gets one of them.
# So: Binder's builder takes a range for no version at all, and lays its base environment out for Python 3.10 first.
# With jupyter-repo2docker 2026.4.0; about 7 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check jupyter-repo2docker==2026.4.0
for asked in "python>=3.11,<3.14" "python>=3.12" "python=3.13"; do
    rm -rf course
    mkdir course
    printf 'name: course\ndependencies:\n  - %s\n' "$asked" > course/environment.yml
    venv/bin/jupyter-repo2docker --no-build --debug course > said.txt 2>&1
    printf '%s\t%s\n' "$asked" "$(grep -o 'environment for python=[0-9.]*' said.txt | grep -o '[0-9.]*$')" >> seen.txt
done
echo "jupyter-repo2docker $(venv/bin/jupyter-repo2docker --version)"
echo "expected: a Python that was asked for"
sed 's/^/seen: /' seen.txt
printf 'python>=3.11,<3.14\t3.10\npython>=3.12\t3.10\npython=3.13\t3.13\n' | cmp -s - seen.txt || {
    echo "this has changed"
    exit 1
}
