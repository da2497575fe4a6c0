#!/usr/bin/env bash
# pip asks an index for another URL than its page has: `&region=` in a link becomes `®ion=`
#
# Expected: the link is followed as a browser follows it. The simple repository API says that project pages are HTML 5. There, a link may
#           have `&region=eu` as it is: it is no character reference, since an `=` or a letter follows the name `reg` in an attribute
#           and no `;` closes it. So the page is valid, and the value is the text as written.
# Seen:     pip reads pages with html.parser of its Python, which replaces the longest known name at the start of `region`. The request
#           goes to `?key=1%C2%AEion=eu&part=2`. An index that needs the parameter does not find it; only the log of pip shows `®ion`.
#           `&section=`, `&parameter=`, `&degree=` and others fare alike. With `&amp;` all is well.
# Affects:  indexes that put more than one query parameter into the links of their pages, such as signed links to a storage; their
#           users with this Python.
# Date:     2026-11-29
# Versions: Debian 12 (bookworm): python3-pip 23.0.1+dfsg-1, Python 3.11.2-6+deb12u8
# Sources:  packaging.python.org, "Simple repository API", section "Base API" (every page is valid HTML5); HTML standard, sections
#           "Character references" (ambiguous ampersand) and "Named character reference state"
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

debian python3-pip=23.0.1+dfsg-1

wheel_writer
cat >index.py <<'PY'
import hashlib, http.server, os, subprocess, sys, threading, wheels

link = sys.argv[1]
with open(wheels.write("alder"), "rb") as file:
    wheel = file.read()
page = (
    '<!DOCTYPE html><html lang="en"><head><title>alder</title></head><body>'
    f'<a href="{link}#sha256={hashlib.sha256(wheel).hexdigest()}">alder-1.0-py3-none-any.whl</a></body></html>'
).encode()
asked = []


class Index(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        body = page if self.path == "/simple/alder/" else wheel
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if body is page else "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
threading.Thread(target=server.serve_forever, daemon=True).start()
command = [sys.executable, "-S", "-m", "pip", "--isolated", "--disable-pip-version-check", "--no-cache-dir", "download", "--no-deps"]
done = subprocess.run(
    [*command, "-d", "downloaded", "-i", f"http://127.0.0.1:{server.server_port}/simple/", "alder"],
    capture_output=True, env=os.environ | {"no_proxy": "127.0.0.1"},
)
if done.returncode:
    sys.exit(done.stderr.decode())
print("the page has", link)
print("pip asks for", asked[-1])
PY
for link in '/alder-1.0-py3-none-any.whl?key=1&region=eu&part=2' '/alder-1.0-py3-none-any.whl?key=1&amp;region=eu&amp;part=2'; do
	rm -rf downloaded
	debian_python index.py "$link" >>seen 2>pip.log || untried pip.log
done

still <<'SEEN'
the page has /alder-1.0-py3-none-any.whl?key=1&region=eu&part=2
pip asks for /alder-1.0-py3-none-any.whl?key=1%C2%AEion=eu&part=2
the page has /alder-1.0-py3-none-any.whl?key=1&amp;region=eu&amp;part=2
pip asks for /alder-1.0-py3-none-any.whl?key=1&region=eu&part=2
SEEN
