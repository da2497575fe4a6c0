#!/usr/bin/env bash
# installer refuses a wheel that has RECORD.jws
#
# Expected: the wheel is installed. The binary distribution format has two optional files beside RECORD, RECORD.jws and RECORD.p7s.
#           They sign RECORD, so RECORD cannot list them: the format says that they are "not mentioned in RECORD", and leaves them out
#           of the check that every file of the archive is listed there. PEP 815 has deprecated them since, and asks that installers
#           stay aware of wheels that have them.
# Seen:     installer 0.6.0 ends with an AssertionError: RECORD.jws "is not mentioned in RECORD". Its own comment on that line says
#           that this should not happen for valid wheels. `wheel unpack`, which checks RECORD too, accepts the same file.
# Affects:  whoever installs wheels that others made with `python3 -m installer`, as Linux distributions and build tools do.
# Date:     2026-11-29
# Versions: Debian 12 (bookworm): python3-installer 0.6.0+dfsg1-1, python3-wheel 0.38.4-2, Python 3.11.2-6+deb12u8
# Sources:  packaging.python.org, "Binary distribution format", section "The .dist-info directory"; PEP 427; PEP 815
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

debian python3-installer=0.6.0+dfsg1-1 python3-wheel=0.38.4-2

wheel_writer
mkdir plain signed
debian_python -c 'import wheels; wheels.write("alder", "plain"); wheels.write("alder", "signed", unlisted={"RECORD.jws": b"{}"})'

for wheel in plain signed; do
	for client in "installer --destdir installed-$wheel" "wheel unpack -d unpacked-$wheel"; do
		# shellcheck disable=SC2086 # a command line
		if debian_python -m $client "$wheel/alder-1.0-py3-none-any.whl" >log 2>&1; then
			echo "$wheel wheel, ${client%% *}: accepted"
		else
			echo "$wheel wheel, ${client%% *}: $(tail -n 1 log)"
		fi
	done
done >seen

still <<'SEEN'
plain wheel, installer: accepted
plain wheel, wheel: accepted
signed wheel, installer: AssertionError: In signed/alder-1.0-py3-none-any.whl, alder-1.0.dist-info/RECORD.jws is not mentioned in RECORD
signed wheel, wheel: accepted
SEEN
