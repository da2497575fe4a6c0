package fakepypi_test

import (
	"strings"

	"github.com/org/pypi-oidc-publish/internal/testkit/disttest"
)

const (
	metadata      = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
	nameOfWheel   = "demo-1.0-py3-none-any.whl"
	seedOfWheel   = "the wheel"
	licenseOfDemo = "docs/.hidden/LICENSE.txt"
)

// theWheel is what wheel() uploads.
var theWheel = packed(nameOfWheel, seedOfWheel)

// packed is a distribution as an index takes it, for a file of that name; the seed is in it, so that another seed makes
// other bytes. What is named like no distribution is the seed alone.
func packed(filename, seed string) string {
	lower := strings.ToLower(filename)
	switch {
	case strings.HasSuffix(lower, ".whl"):
		return zipOf(wheelMembers(filename, seed))
	case strings.HasSuffix(lower, ".zip"):
		return zipOf(sdistMembers(seed))
	case strings.HasSuffix(lower, ".tar.gz"):
		return tarGzOf(sdistMembers(seed))
	default:
		return seed
	}
}

// wheelMembers have their folder from the file name, as the index looks for it.
func wheelMembers(filename, seed string) [][2]string {
	name, rest, _ := strings.Cut(filename, "-")
	version, _, _ := strings.Cut(rest, "-")
	info := name + "-" + version + ".dist-info/"
	members := [][2]string{
		{"demo.txt", seed},
		{info + "licenses/LICENSE", "free"},
		{info + "licenses/" + licenseOfDemo, "free"},
		{info + "METADATA", metadata},
		{info + "WHEEL", "Wheel-Version: 1.0\n"},
	}
	record := info + "RECORD,,\n"
	for _, m := range members {
		record += m[0] + ",,\n"
	}
	return append(members, [2]string{info + "RECORD", record})
}

func sdistMembers(seed string) [][2]string {
	return [][2]string{
		{"demo-1.0/PKG-INFO", metadata}, {"demo-1.0/LICENSE", "free"}, {"demo-1.0/" + licenseOfDemo, "free"}, {"demo-1.0/demo.txt", seed},
	}
}

func zipOf(members [][2]string) string { return string(disttest.Zip(disttest.Pairs(members...)...)) }

func tarOf(members [][2]string) string { return string(disttest.Tar(disttest.Pairs(members...)...)) }

func tarGzOf(members [][2]string) string {
	return string(disttest.TarGz(disttest.Pairs(members...)...))
}
