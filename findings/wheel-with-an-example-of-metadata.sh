#!/usr/bin/env bash
# twine uploads a wheel under the name and the version of an example that lies in its package
#
# Expected: the metadata of a wheel is the file METADATA of its folder NAME-VERSION.dist-info. So the binary distribution format has it,
#           and installers read it there. All else in the archive is content, whatever it is named.
# Seen:     twine takes the first file that has METADATA in its path and "Metadata-Version" in its text. Files in fewer folders come
#           first, and then names decide: the package birch comes before birch-1.0.dist-info. So if the package has an example, a
#           template or a test file, say birch/METADATA.example, the form of the upload says what that says, and that is also what
#           `twine check` has checked and passed. One folder deeper, it is only content.
# Affects:  build tools and other projects that have such a file. An index that compares the form with the file name refuses the wheel for
#           a name that is not its own; another one files it under the wrong project. If the example has the project's own name and
#           version, other requirements and another description are served than are installed, and nobody is told.
# Date:     2026-11-30
# Versions: Debian 12 (bookworm): twine 4.0.2-1, python3-installer 0.6.0+dfsg1-1, Python 3.11.2-6+deb12u8 (twine 7.0.0 searches in the
#           same way, by its source)
# Sources:  packaging.python.org, "Binary distribution format", section "The .dist-info directory"
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

debian twine=4.0.2-1 python3-{pkginfo=1.8.2-2,readme-renderer=37.3-2,docutils=0.19+dfsg-6,roman=3.3-3,pygments=2.14.0+dfsg-1} \
	docutils-common=0.19+dfsg-6 python3-{bleach=5.0.1-2,html5lib=1.1-3,webencodings=0.5.1-5,six=1.16.0-4,rich=13.3.1-1} \
	python3-{markdown-it=2.1.0-5,mdurl=0.1.2-1,typing-extensions=4.4.0-1,requests=2.28.1+dfsg-1,requests-toolbelt=0.10.1-1} \
	python3-{urllib3=1.26.12-1+deb12u4,certifi=2022.9.24-1,chardet=5.1.0+dfsg-2,charset-normalizer=3.0.1-2,idna=3.3-1+deb12u1} \
	python3-{importlib-metadata=4.12.0-1,zipp=1.0.0-6+deb12u1,more-itertools=8.10.0-2,rfc3986=1.5.0-2,keyring=23.9.3-2} \
	python3-{jaraco.classes=3.2.1-3,installer=0.6.0+dfsg1-1}

wheel_writer
cat >publish.py <<'PY'
import email, http.server, os, subprocess, sys, threading, wheels
from installer.sources import WheelFile

example = b"Metadata-Version: 2.1\nName: example\nVersion: 0.1\nDescription-Content-Type: text/plain\n\nAn example.\n"
form = {}


class Index(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parts = email.message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
        for part in parts.get_payload():
            name = part.get_param("name", header="content-disposition")
            form[name] = part.get_filename() or part.get_payload().strip()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def twine(*arguments):
    command = [sys.executable, "-S", "-m", "twine", "--no-color", *arguments]
    environment = os.environ | {"no_proxy": "127.0.0.1", "HOME": os.getcwd(), "COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return done.stdout.strip()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
threading.Thread(target=server.serve_forever, daemon=True).start()
for file in "examples/METADATA.example", "METADATA.example":
    wheel = wheels.write("birch", description="Birch\n=====\n\nA tool.\n", package={"__init__.py": b"", file: example})
    print(f"a wheel with birch/{file}")
    with WheelFile.open(wheel) as source:
        metadata = email.message_from_string(source.read_dist_info("METADATA"))
        print("  installer reads:", metadata["name"], metadata["version"])
    print("  twine check:", twine("check", "--strict", wheel))
    twine("upload", "--repository-url", f"http://127.0.0.1:{server.server_port}/", "-u", "-", "-p", "-", "--non-interactive", wheel)
    print("  twine uploads:", form["name"], form["version"], repr(form["description"]), "as", form["content"])
PY
debian_python publish.py >seen 2>run.log || untried run.log

still <<'SEEN'
a wheel with birch/examples/METADATA.example
  installer reads: birch 1.0
  twine check: Checking ./birch-1.0-py3-none-any.whl: PASSED
  twine uploads: birch 1.0 'Birch\n=====\n\nA tool.' as birch-1.0-py3-none-any.whl
a wheel with birch/METADATA.example
  installer reads: birch 1.0
  twine check: Checking ./birch-1.0-py3-none-any.whl: PASSED
  twine uploads: example 0.1 'An example.' as birch-1.0-py3-none-any.whl
SEEN
