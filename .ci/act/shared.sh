#!/usr/bin/env bash
# What .ci/smoke and .ci/examples share: the action in its released form, a machine for the steps, an index, and act. It is sourced in
# the folder of the repository, with the arguments IMAGE_FOLDER [ENGINE], and cleans up when the script that sources it ends.
# act shows less than GitHub does: internal/e2e/contract_test.go holds the program to the rules of GitHub's runner.

folder=${1:?usage: $0 IMAGE_FOLDER [ENGINE]}
engine=${2:-docker}
architecture=$(go env GOARCH)
scratch=$(mktemp -d)
machine=pypi-oidc-publish-act-runner:$$
pids=()
image=
act=$(go tool -modfile=.ci/engine.mod -n act)
crane=$(go tool -modfile=.ci/engine.mod -n crane)

finish() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	"$engine" image rm "$machine" >/dev/null 2>&1 || true
	if [[ $image ]]; then "$engine" image rm "$image" "${image%@*}:v0.0.0" >/dev/null 2>&1 || true; fi
	rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# until_there FILE PATTERN waits for a line that another process writes.
until_there() {
	for _ in {1..300}; do
		if grep -qs "$2" "$1"; then return; fi
		sleep 0.1
	done
	echo "no $2 in ${1##*/} within 30 s:" >&2
	cat "$1" >&2 || true
	return 1
}

# release_action CHECKOUT puts the image into a registry on loopback, pulls it by digest, and writes the repository as a release has it.
release_action() {
	local checkout=$1 registry pushed
	"$crane" registry serve --address 127.0.0.1:0 >"$scratch/registry" 2>&1 &
	pids+=($!)
	until_there "$scratch/registry" 'serving on port'
	registry=127.0.0.1:$(sed -n 's/.*serving on port \([0-9]*\).*/\1/p' "$scratch/registry")/smoke/pypi-oidc-publish
	pushed=$("$crane" push "$folder/layout" "$registry:candidate-0" 2>"$scratch/push") || { cat "$scratch/push" >&2; return 1; }
	image=$registry@$("$crane" digest "$registry:candidate-0")
	[[ $pushed == "$image" ]]
	.ci/tag-image "$registry" "${image#*@}" v0.0.0 v0 2>"$scratch/tagged" || { cat "$scratch/tagged" >&2; return 1; }
	"$engine" pull -q "$image"

	mkdir "$checkout"
	git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
		if [[ -e $file ]]; then printf '%s\0' "$file"; fi
	done | tar -c --null -T - | tar -x -C "$checkout"
	.ci/pin-image "${image/@/:v0.0.0@}" "$checkout/action.yml"
	"$engine" tag "$image" "$registry:v0.0.0"
}

# machine_root makes $scratch/root: a shell, and the tools of one program.
machine_root() {
	local root=$scratch/root busybox name
	busybox=$(command -v busybox)
	mkdir -p "$root"/{etc,tmp,root,usr/bin,usr/lib,var}
	ln -s usr/bin "$root/bin"
	cp "$busybox" "$root/bin/busybox"
	"$busybox" --list | while read -r name; do [[ $name == busybox ]] || ln -s busybox "$root/bin/$name"; done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
}

# import_machine makes the image $machine of that.
import_machine() {
	tar -C "$scratch/root" -c . | "$engine" import -c 'ENV PATH=/usr/bin:/bin' - "$machine" >/dev/null
}

# start_index NAME FLAG… starts an index, and writes what clients need to $scratch/NAME.env.
start_index() {
	local name=$1
	shift
	"$folder/linux-$architecture/pypi-oidc-publish" serve -addr 127.0.0.1:0 -env-file "$scratch/$name.env" "$@" >"$scratch/$name.serve" 2>&1 &
	pids+=($!)
	until_there "$scratch/$name.env" '^INPUT_INDEX-URL='
}

# of_index NAME VARIABLE prints one value of what clients of the index need.
of_index() { sed -n "s/^$2=//p" "$scratch/$1.env"; }

# repository FOLDER makes the folder a repository with one commit, as act wants it.
repository() {
	git -C "$1" init -q
	git -C "$1" add -A
	git -C "$1" -c user.name=smoke -c user.email=smoke@localhost commit -q -m smoke
}

# run_act FOLDER ARGUMENT… runs a workflow of the folder on the machine, and becomes act. Nothing is pulled, and all of it is in the
# network of the host.
run_act() {
	cd "$1" || return
	shift
	exec timeout 300 "$act" "$@" --pull=false --network host --container-daemon-socket - --no-cache-server --rm
}
