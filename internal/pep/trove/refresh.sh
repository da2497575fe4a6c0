#!/bin/sh
# refresh.sh: makes classifiers.txt anew from the source that the index itself uses, as of today, and says so in README.md. It needs
# curl, tar and python3. TROVE is another place for the archive, for use without a network.
set -eu
cd "$(dirname "$0")"
trove=${TROVE:-https://github.com/pypa/trove-classifiers/archive/refs/heads/main.tar.gz}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
curl -fsSL "$trove" | tar -xz -C "$work" --strip-components 1
today=$(date -u +%Y-%m-%d)
python3 - "$work/src/trove_classifiers/__init__.py" "$today" >"$work/classifiers.txt" <<'PYTHON'
import ast, sys
found = {}
for node in ast.parse(open(sys.argv[1], encoding="utf-8").read()).body:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
    if isinstance(target, ast.Name) and target.id in ("sorted_classifiers", "deprecated_classifiers"):
        found[target.id] = ast.literal_eval(node.value)
print("as-of", sys.argv[2])
for classifier in sorted(set(found["sorted_classifiers"]) - set(found["deprecated_classifiers"])):
    print("valid", classifier)
for classifier, instead in sorted(found["deprecated_classifiers"].items()):
    print("deprecated", classifier)
    for replacement in instead:
        print("instead", replacement)
PYTHON
grep -qx 'valid Programming Language :: Python :: 3' "$work/classifiers.txt"
cp "$work/classifiers.txt" .
sed -i "s/^| \`classifiers.txt\` .*/| \`classifiers.txt\` | trove-classifiers, its main branch | $today |/" README.md
