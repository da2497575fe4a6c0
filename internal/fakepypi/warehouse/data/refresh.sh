#!/bin/sh
# refresh.sh: makes the tables beside it anew from the sources that the index itself uses, and says so in README.md. It needs curl,
# tar and python3. TROVE and STDLIB are other places for the two archives, for use without a network.
set -eu
cd "$(dirname "$0")"
trove=${TROVE:-https://github.com/pypa/trove-classifiers/archive/refs/heads/main.tar.gz}
stdlib=${STDLIB:-https://github.com/pypi/stdlib-list/archive/refs/heads/main.tar.gz}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/trove" "$work/stdlib"
curl -fsSL "$trove" | tar -xz -C "$work/trove" --strip-components 1
curl -fsSL "$stdlib" | tar -xz -C "$work/stdlib" --strip-components 1
python3 - "$work/trove/src/trove_classifiers/__init__.py" >"$work/classifiers.json" <<'PYTHON'
import ast, datetime, json, sys
found = {}
for node in ast.parse(open(sys.argv[1], encoding="utf-8").read()).body:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
    if isinstance(target, ast.Name) and target.id in ("sorted_classifiers", "deprecated_classifiers"):
        found[target.id] = ast.literal_eval(node.value)
json.dump({
    "source": "trove-classifiers (" + datetime.date.today().isoformat() + ")",
    "classifiers": sorted(found["sorted_classifiers"]),
    "deprecated": found["deprecated_classifiers"],
}, sys.stdout, indent=0, ensure_ascii=False)
print()
PYTHON
cat "$work"/stdlib/stdlib_list/lists/*.txt | tr -d '\r' | grep . | LC_ALL=C sort -u >"$work/stdlib-modules.txt"
grep -qx asyncio "$work/stdlib-modules.txt"
cp "$work/classifiers.json" "$work/stdlib-modules.txt" .
month=$(date -u +%Y-%m)
sed -i -e "s/^| \`classifiers.json\` .*/| \`classifiers.json\` | trove-classifiers: the classifiers, and the deprecated ones with what replaces them | $month |/" \
	-e "s/^\(| \`stdlib-modules.txt\` .*|\) [0-9-]* |\$/\1 $month |/" README.md
