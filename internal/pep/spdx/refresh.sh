#!/bin/sh
# refresh.sh [TAG DAY]: makes spdx.txt anew from the SPDX licence list, and writes its source, date and SHA-256 to README.md. TAG is a
# release of https://github.com/spdx/license-list-data (such as v3.27.0): take the one that the index's metadata library has, because it
# refuses what only a newer one knows. DAY is the last day on which the index is known to have it; without arguments, both stay as they are.
# SPDX_LIST is another place for the two files, for use without a network.
set -eu
cd "$(dirname "$0")"
tag=${1:-v3.27.0}
from=${SPDX_LIST:-https://raw.githubusercontent.com/spdx/license-list-data/$tag/json}
new=$(mktemp)
trap 'rm -f "$new"' EXIT
day=${2:-$(sed -n "s/^as-of //p" spdx.txt)}
echo "as-of $day" >"$new"
curl -fsSL "$from/licenses.json" | jq -r '.licenses[] | "license \(.licenseId)"' | LC_ALL=C sort >>"$new"
curl -fsSL "$from/exceptions.json" | jq -r '.exceptions[] | "exception \(.licenseExceptionId)"' | LC_ALL=C sort >>"$new"
grep -q '^license MIT$' "$new" && grep -q '^exception Classpath-exception-2.0$' "$new" || {
	echo "refresh.sh: $from has no licence list" >&2
	exit 1
}
cat "$new" >spdx.txt
sum=$(sha256sum spdx.txt | cut -d " " -f 1)
sed -i "s/^\(| \`spdx.txt\` | SPDX licence list\) [0-9.]*\(.*\) | [0-9-]* | \`[0-9a-f]*\` |\$/\1 ${tag#v}\2 | $day | \`$sum\` |/" README.md
