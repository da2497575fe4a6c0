#!/usr/bin/env bash
# @renovatebot/pep440: 1.0 is not `<1.0.post1`, and 1.0a1 is not `<1.0rc1`
#
# Expected: `>V` and `<V` follow the order of versions, with two exceptions that the version specifiers name: `>V` does not take a post
#           release of V "unless V itself is a post release", and `<V` does not take a pre-release of V unless V is one itself. The
#           specification has the example that `>1.7.post2` takes 1.7.0.post3.
# Seen:     `satisfies` refuses every version whose release segment is that of V, whatever stands behind it: pre-releases below a
#           pre-release, post releases above a post release, and the release itself below its own post release. A comment in the source
#           calls the comparison simplified; the README does not. `prereleases: true` is given here, so that is not the reason.
# Affects:  users of the package, which updates dependencies by it: a range such as `>1.0.dev455` never takes a later development release.
# Date:     2026-11-29
# Versions: npm: @renovatebot/pep440 5.0.1 (4.2.4 does the same); Debian 12 (bookworm): python3-packaging 23.0-1 for comparison
# Sources:  packaging.python.org, "Version specifiers", section "Exclusive ordered comparison" (PEP 440)
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

node_packages @renovatebot/pep440@5.0.1
debian python3-packaging=23.0-1

cat >cases <<'CASES'
1.7.1 >1.7.post2
1.7.0.post3 >1.7.post2
1.7.0 >1.7.post2
1.0.dev456 >1.0.dev455
1.0 <1.0.post1
1.0a1 <1.0rc1
1.0a1 <1.0
CASES
cat >node/compare.mjs <<'JS'
import { readFileSync } from "node:fs";
import { satisfies } from "@renovatebot/pep440";

for (const line of readFileSync("cases", "utf8").trim().split("\n")) {
  const [version, range] = line.split(" ");
  console.log(satisfies(version, range, { prereleases: true }) ? "yes" : "no");
}
JS
cat >compare.py <<'PY'
from packaging.specifiers import SpecifierSet

for line in open("cases"):
    version, specifier = line.split()
    print("yes" if SpecifierSet(specifier).contains(version, prereleases=True) else "no")
PY
node node/compare.mjs >ours 2>node.log || untried node.log
debian_python compare.py >theirs 2>python.log || untried python.log
paste -d ' ' cases theirs ours | while read -r version specifier python node; do
	printf '%-12s %-13s packaging: %-4s @renovatebot/pep440: %s\n' "$version" "$specifier" "$python" "$node"
done >seen

still <<'SEEN'
1.7.1        >1.7.post2    packaging: yes  @renovatebot/pep440: yes
1.7.0.post3  >1.7.post2    packaging: yes  @renovatebot/pep440: no
1.7.0        >1.7.post2    packaging: no   @renovatebot/pep440: no
1.0.dev456   >1.0.dev455   packaging: yes  @renovatebot/pep440: no
1.0          <1.0.post1    packaging: yes  @renovatebot/pep440: no
1.0a1        <1.0rc1       packaging: yes  @renovatebot/pep440: no
1.0a1        <1.0          packaging: no   @renovatebot/pep440: no
SEEN
