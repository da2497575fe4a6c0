#!/usr/bin/env bash
# poetry-core: who leaves out one release of Python leaves out none, and loses the upper bound
#
# Expected: Requires-Python of a wheel says what `python` of pyproject.toml says. Poetry documents `!=` and several constraints with commas
#           between them, and what stands below is a version specifier as it is: nothing would have to be translated.
# Seen:     a constraint with a gap is written as a lower bound and a list of whole minor versions, from those that poetry-core knows. A
#           smaller gap is in no such list: `!=3.9.7` is gone. The upper bound goes with it, `<4` wholly, and `<3.11` but for the minor
#           versions that were known when poetry-core was released. A constraint without a gap is written as it is.
# Affects:  projects that leave out a broken release of Python in [tool.poetry.dependencies], as 3.9.7 was: installers take their wheels
#           there all the same, and on any later Python. Poetry itself goes by the text in the project, so its authors do not see it.
# Date:     2026-11-30
# Versions: Debian 12 (bookworm): python3-poetry-core 1.4.0-4 (2.3.2 does the same with a longer list, but writes requires-python of
#           [project] as it is), python3-packaging 23.0-1, Python 3.11.2-6+deb12u8
# Sources:  Poetry, "Dependency specification", sections "Inequality requirements" and "Multiple requirements"; packaging.python.org,
#           "Core metadata specifications", section "Requires-Python"
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

debian python3-poetry-core=1.4.0-4 python3-packaging=23.0-1

mkdir alder
touch alder/__init__.py
cat >build.py <<'PY'
import email, os, zipfile
from packaging.specifiers import SpecifierSet
from poetry.core.masonry.api import build_wheel

releases = "3.7.17 3.8.20 3.9.6 3.9.7 3.10.4 3.11.2 3.12.1 4.0.0".split()


def on(specifier):
    return " ".join(release for release in releases if release in SpecifierSet(specifier))


for python in ">=3.8,<4", ">=3.8,!=3.9.7,<4", ">=3.8,<3.11", ">=3.8,!=3.9.7,<3.11":
    with open("pyproject.toml", "w") as file:
        file.write(
            '[tool.poetry]\nname = "alder"\nversion = "1.0"\ndescription = ""\nauthors = []\n\n'
            f'[tool.poetry.dependencies]\npython = "{python}"\n\n'
            '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
        )
    with zipfile.ZipFile(os.path.join("dist", build_wheel("dist"))) as wheel:
        written = email.message_from_bytes(wheel.read("alder-1.0.dist-info/METADATA"))["requires-python"]
    print(f"python = {python}, for {on(python)}\n  Requires-Python: {written}\n  is for {on(written)}")
PY
debian_python build.py >seen 2>run.log || untried run.log

still <<'SEEN'
python = >=3.8,<4, for 3.8.20 3.9.6 3.9.7 3.10.4 3.11.2 3.12.1
  Requires-Python: >=3.8,<4
  is for 3.8.20 3.9.6 3.9.7 3.10.4 3.11.2 3.12.1
python = >=3.8,!=3.9.7,<4, for 3.8.20 3.9.6 3.10.4 3.11.2 3.12.1
  Requires-Python: >=3.8, !=2.7.*, !=3.0.*, !=3.1.*, !=3.2.*, !=3.3.*, !=3.4.*, !=3.5.*, !=3.6.*, !=3.7.*
  is for 3.8.20 3.9.6 3.9.7 3.10.4 3.11.2 3.12.1 4.0.0
python = >=3.8,<3.11, for 3.8.20 3.9.6 3.9.7 3.10.4
  Requires-Python: >=3.8,<3.11
  is for 3.8.20 3.9.6 3.9.7 3.10.4
python = >=3.8,!=3.9.7,<3.11, for 3.8.20 3.9.6 3.10.4
  Requires-Python: >=3.8, !=2.7.*, !=3.0.*, !=3.1.*, !=3.2.*, !=3.3.*, !=3.4.*, !=3.5.*, !=3.6.*, !=3.7.*, !=3.11.*
  is for 3.8.20 3.9.6 3.9.7 3.10.4 3.12.1 4.0.0
SEEN
