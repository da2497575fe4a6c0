package pep_test

import (
	"testing"

	"github.com/org/pypi-oidc-publish/internal/pep"
	"github.com/org/pypi-oidc-publish/internal/testkit/expect"
)

func TestVersion_SameSeries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1.4.2", "1.4.3", true},
		{"1.4", "1.4.3", true},
		{"1.4.2", "1.5", false},
		{"1", "1.0.1", true},
		{"1", "1.1", false},
		{"1!1.4", "1.4", false},
		{"2026.11.30", "2026.11", true},
	} {
		expect.Equal(t, c.a+" and "+c.b, version1(t, c.a).SameSeries(version1(t, c.b), 2), c.want)
		expect.Equal(t, c.b+" and "+c.a, version1(t, c.b).SameSeries(version1(t, c.a), 2), c.want)
	}
}

func version1(t *testing.T, text string) pep.Version {
	t.Helper()
	v, err := pep.ParseVersion(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
