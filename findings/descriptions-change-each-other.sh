#!/usr/bin/env bash
# twine check accepts or refuses a description depending on which file it has read before
#
# Expected: each distribution is judged for itself. A role that is defined by `.. role::` in one reStructuredText document belongs to
#           that document: the reference of docutils says that the document may use the role after the directive.
# Seen:     docutils keeps such roles for the life of the process, and readme_renderer renders one description after the other in one
#           process. The description of alder gives the name of a standard role, `code`, another meaning, which it may do. The one of
#           birch then builds on the standard role and is refused for it. Each file passes alone, and both pass in the other order.
# Affects:  `twine check dist/*` on several projects at once; any service that renders many descriptions in one process.
# Date:     2026-11-29
# Versions: Debian 12 (bookworm): twine 4.0.2-1, python3-readme-renderer 37.3-2, python3-docutils 0.19+dfsg-6, Python 3.11.2-6+deb12u8
# Sources:  docutils, "reStructuredText Directives", section "Custom Interpreted Text Roles"
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

debian twine=4.0.2-1 python3-{pkginfo=1.8.2-2,readme-renderer=37.3-2,docutils=0.19+dfsg-6,roman=3.3-3,pygments=2.14.0+dfsg-1} \
	docutils-common=0.19+dfsg-6 python3-{bleach=5.0.1-2,html5lib=1.1-3,webencodings=0.5.1-5,six=1.16.0-4,rich=13.3.1-1} \
	python3-{markdown-it=2.1.0-5,mdurl=0.1.2-1,typing-extensions=4.4.0-1,requests=2.28.1+dfsg-1,requests-toolbelt=0.10.1-1} \
	python3-{urllib3=1.26.12-1+deb12u4,certifi=2022.9.24-1,chardet=5.1.0+dfsg-2,charset-normalizer=3.0.1-2,idna=3.3-1+deb12u1} \
	python3-{importlib-metadata=4.12.0-1,zipp=1.0.0-6+deb12u1,more-itertools=8.10.0-2,rfc3986=1.5.0-2,keyring=23.9.3-2}

wheel_writer
cat >make.py <<'PY'
import wheels

wheels.write("alder", description="Alder\n=====\n\n.. role:: code(emphasis)\n\nRun :code:`alder`.\n")
wheels.write("birch", description="Birch\n=====\n\n.. role:: sh(code)\n   :language: sh\n\nRun :sh:`birch --help`.\n")
PY
debian_python make.py

# Debian's docutils looks for its style sheets in /usr/share; here they are where they were unpacked.
cat >check.py <<'PY'
import os, sys, docutils

folder = os.path.dirname(docutils.__file__) + os.sep
docutils._datadir = lambda path: os.path.join(sys.prefix, "share/docutils", os.path.dirname(path).removeprefix(folder))
from twine.__main__ import main

sys.exit(main())
PY

for order in alder birch 'birch alder' 'alder birch'; do
	echo "twine check $order"
	read -ra names <<<"$order"
	COLUMNS=200 debian_python check.py --no-color check "${names[@]/%/-1.0-py3-none-any.whl}" 2>&1 | sed 's/^/  /; s/ *$//; /^$/d' || true
done >seen

still <<'SEEN'
twine check alder
  Checking alder-1.0-py3-none-any.whl: PASSED
twine check birch
  Checking birch-1.0-py3-none-any.whl: PASSED
twine check birch alder
  Checking birch-1.0-py3-none-any.whl: PASSED
  Checking alder-1.0-py3-none-any.whl: PASSED
twine check alder birch
  Checking alder-1.0-py3-none-any.whl: PASSED
  Checking birch-1.0-py3-none-any.whl: FAILED
  ERROR    `long_description` has syntax errors in markup and would not be rendered on PyPI.
           line 4: Error: Error in "role" directive:
           unknown option: "language".
           .. role:: sh(code)
              :language: sh
SEEN
