#!/bin/sh
# refresh.sh: makes modules.txt anew from the source that the index itself uses, and says so in README.md. It needs curl, tar and
# python3. STDLIB is another place for the archive, for use without a network.
set -eu
cd "$(dirname "$0")"
stdlib=${STDLIB:-https://github.com/pypi/stdlib-list/archive/refs/heads/main.tar.gz}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
curl -fsSL "$stdlib" | tar -xz -C "$work" --strip-components 1
cat "$work"/stdlib_list/lists/*.txt >"$work/all.txt"
python3 - "$work/all.txt" >"$work/modules.txt" <<'PYTHON'
import re, sys
names = set()
for line in open(sys.argv[1], encoding="utf-8"):
    parts = line.strip().split(".")
    for end in range(1, len(parts) + 1):
        names.add(re.sub(r"[-_.]+", "-", ".".join(parts[:end]).strip("-_.")).lower())
print("\n".join(sorted(names - {""})))
PYTHON
grep -qx asyncio "$work/modules.txt"
cp "$work/modules.txt" .
sum=$(sha256sum modules.txt | cut -d " " -f 1)
sed -i "s/^\(| \`modules.txt\` .*|\) [0-9-]* | \`[0-9a-f]*\` |\$/\1 $(date -u +%Y-%m-%d) | \`$sum\` |/" README.md
