# Makes a workflow of docs/examples one that act can run here, and changes as little as it can: each step that publishes is told the
# address of an index on this machine, its job where the Sigstore of that index is, and each job that may ask for ID tokens
# (id-token: write) gets that right from the index.
#
#   awk -v pypi=ENV_FILE -v testpypi=ENV_FILE -f .ci/act/local.awk WORKFLOW

BEGIN {
	learn("pypi", pypi)
	learn("testpypi", testpypi)
}

# learn reads the addresses of an index from what serve has written.
function learn(index_name, file, line, at) {
	while ((getline line <file) > 0) {
		at = index(line, "=")
		value[index_name, substr(line, 1, at - 1)] = substr(line, at + 1)
	}
	close(file)
}

/^jobs:$/ { inside = 1; print; next }
inside && /^  [a-z0-9-]+:$/ { job() }
inside { lines[++count] = $0; next }
{ print }
END { if (!failed) job() }

# job prints the job whose lines were read.
function job(i, line, where, may, publishes, ours, steps, told) {
	where = "pypi"
	for (i = 1; i <= count; i++) {
		if (lines[i] ~ /repository-url: testpypi$/) where = "testpypi"
		if (lines[i] ~ /^      id-token: write$/) may = 1
		if (lines[i] ~ /uses: org\/pypi-oidc-publish@/) publishes = 1
		if (lines[i] ~ /^    env:$/) fail("a job has variables of its own, which is not foreseen")
	}
	for (i = 1; i <= count; i++) {
		line = lines[i]
		if (line ~ /^    permissions:/ && (may || publishes)) variables(where, may)
		if (line ~ /^      - /) ours = 0
		if (line ~ /uses: org\/pypi-oidc-publish@/) { ours = 1; steps++ }
		if (ours && line ~ /^          (repository-url|index-url): /) continue
		if (ours && line ~ /^          user: /) line = "          user: " value[where, "INPUT_USER"]
		print line
		if (ours && line ~ /^        with:$/) {
			told++
			print "          repository-url: " value[where, "INPUT_REPOSITORY-URL"]
			print "          index-url: " value[where, "INPUT_INDEX-URL"]
		}
	}
	if (steps != told) fail("a step that publishes has no with:")
	count = 0
}

# variables prints where the Sigstore is, and what GitHub gives to a job that may ask for ID tokens.
function variables(where, may, names, i) {
	print "    env:"
	split("PYPI_OIDC_PUBLISH_TUF_URL PYPI_OIDC_PUBLISH_TUF_ROOT" (may ? " ACTIONS_ID_TOKEN_REQUEST_URL ACTIONS_ID_TOKEN_REQUEST_TOKEN" : ""), names, " ")
	for (i = 1; i in names; i++) print "      " names[i] ": " value[where, names[i]]
}

function fail(why) {
	print FILENAME ": " why >"/dev/stderr"
	failed = 1
	exit 1
}
