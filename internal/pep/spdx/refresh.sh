#!/bin/sh
# refresh.sh [TAG]: makes spdx.txt anew from the SPDX licence list, and says so in README.md. TAG is a release of
# https://github.com/spdx/license-list-data (such as v3.27.0). Take the release that the index's metadata library has: it
# refuses what only a newer one knows. SPDX_LIST is another place for the two files, for use without a network.
set -eu
cd "$(dirname "$0")"
tag=${1:-v3.27.0}
from=${SPDX_LIST:-https://raw.githubusercontent.com/spdx/license-list-data/$tag/json}
new=$(mktemp)
trap 'rm -f "$new"' EXIT
today=$(date -u +%Y-%m-%d)
echo "as-of $today" >"$new"
curl -fsSL "$from/licenses.json" | jq -r '.licenses[] | "license \(.licenseId)"' | LC_ALL=C sort >>"$new"
curl -fsSL "$from/exceptions.json" | jq -r '.exceptions[] | "exception \(.licenseExceptionId)"' | LC_ALL=C sort >>"$new"
grep -q '^license MIT$' "$new" && grep -q '^exception Classpath-exception-2.0$' "$new" || {
	echo "refresh.sh: $from has no licence list" >&2
	exit 1
}
cat "$new" >spdx.txt
sed -i "s/^| \`spdx.txt\` .*/| \`spdx.txt\` | SPDX licence list ${tag#v}, deprecated identifiers included | $today |/" README.md
