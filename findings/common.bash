# What the findings share. A finding sources it first:
#
#   . "$(dirname "$0")/common.bash"
#
# It then stands in a temporary folder, $scratch, which is removed when the script ends.
# shellcheck shell=bash
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$scratch"

# untried FILE prints the file and ends the script with 2: the packages could not be installed or the program could not be run.
untried() {
	cat "$1" >&2
	echo "not tried: see above" >&2
	exit 2
}

# debian PACKAGE=VERSION… unpacks packages of Debian 12, and its Python, into $scratch/root.
debian() {
	local python=3.11.2-6+deb12u8
	mkdir -p debs root
	(cd debs && apt-get download "$@" {python3.11-minimal,libpython3.11-minimal,libpython3.11-stdlib}="$python") >debian.log 2>&1 ||
		untried debian.log
	local package
	for package in debs/*.deb; do dpkg-deb -x "$package" root; done
	rm -r debs
}

# debian_python ARGUMENT… runs this Python with no other packages than those that were unpacked.
debian_python() {
	PYTHONHOME=$scratch/root/usr PYTHONPATH=$scratch/root/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1 \
		"$scratch/root/usr/bin/python3.11" -S "$@"
}

# wheel_writer makes $scratch/wheels.py, whose write makes a valid wheel: one empty module or a package, its metadata, and RECORD.
wheel_writer() {
	cat >wheels.py <<'PY'
import base64, hashlib, zipfile


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def write(name, folder=".", description="", package={}, unlisted={}):
    """Write version 1.0 of a project. Files of package are its package; files of unlisted are not listed in RECORD."""
    info = f"{name}-1.0.dist-info"
    modules = {f"{name}/{file}": content for file, content in package.items()} or {f"{name}.py": b""}
    files = modules | {
        f"{info}/METADATA": "\n".join((
            "Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", "Description-Content-Type: text/x-rst", "", description,
        )).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: finding\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={digest(content)},{len(content)}\n" for path, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    path = f"{folder}/{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, content in (files | {f"{info}/{file}": content for file, content in unlisted.items()}).items():
            wheel.writestr(member, content)
    return path
PY
}

# node_packages NAME@VERSION… installs packages of npm into $scratch/node.
node_packages() {
	mkdir node
	npm install --prefix node --no-save --ignore-scripts --no-audit --no-fund "$@" >node.log 2>&1 || untried node.log
}

# go_module MODULE@VERSION… makes $scratch/go a Go module that requires these. What it needs is downloaded into $scratch.
go_module() {
	export GOFLAGS='-mod=mod -modcacherw -trimpath' GOMODCACHE=$scratch/modules GOWORK=off
	mkdir go
	printf 'module finding\n\ngo 1.26.0\n' >go/go.mod
	local module
	for module; do go -C go mod edit -require "$module"; done
}

# go_program builds $scratch/go into $scratch/program.
go_program() { go -C go build -o "$scratch/program" . >go.log 2>&1 || untried go.log; }

# still compares what was seen (the file seen) with what was seen on the date of the finding (standard input).
still() {
	cat >expected
	if ! diff -u --label 'as described' --label now expected seen | head -n 60; then
		echo 'changed: the finding does not hold any more as it is described'
		exit 1
	fi
	cat seen
	echo 'still so'
}
