#!/bin/sh
# refresh.sh: makes classifiers.txt anew from the newest release of trove-classifiers, the package that the index itself uses, and
# writes its release, date and SHA-256 to README.md. It needs python3 with pip. TROVE is the path of a wheel of trove-classifiers,
# for use without a network.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wheel=${TROVE:-}
if [ -z "$wheel" ]; then
	python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: -d "$work" trove-classifiers
	wheel=$(echo "$work"/trove_classifiers-*.whl)
fi
python3 - "$wheel" <<'PYTHON'
import ast, datetime, hashlib, os, re, sys, zipfile

# The version is the moment of the release: year, month, day and hour.
release = os.path.basename(sys.argv[1]).split("-")[1]
date = datetime.date(*map(int, release.split(".")[:3])).isoformat()

found = {}
with zipfile.ZipFile(sys.argv[1]) as wheel:
    source = wheel.read("trove_classifiers/__init__.py").decode()
for node in ast.parse(source).body:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
    if isinstance(target, ast.Name) and target.id in ("sorted_classifiers", "deprecated_classifiers"):
        found[target.id] = ast.literal_eval(node.value)

lines = ["release " + release, "as-of " + date]
lines += ["valid " + classifier for classifier in sorted(set(found["sorted_classifiers"]) - set(found["deprecated_classifiers"]))]
for classifier, instead in sorted(found["deprecated_classifiers"].items()):
    lines.append("deprecated " + classifier)
    lines += ["instead " + replacement for replacement in instead]
if "valid Programming Language :: Python :: 3" not in lines:
    sys.exit("refresh.sh: " + sys.argv[1] + " has no list of classifiers")
table = ("\n".join(lines) + "\n").encode()

row = "| `classifiers.txt` | trove-classifiers %s | %s | `%s` |" % (release, date, hashlib.sha256(table).hexdigest())
with open("README.md", encoding="utf-8") as readme:
    text, rows = re.subn(r"(?m)^\| `classifiers\.txt` \|.*$", lambda _: row, readme.read())
if rows != 1:
    sys.exit("refresh.sh: README.md has no row of classifiers.txt")
with open("classifiers.txt", "wb") as out:
    out.write(table)
with open("README.md", "w", encoding="utf-8") as out:
    out.write(text)
PYTHON
