package index_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/pep/trove"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

func TestClassifiers_List(t *testing.T) {
	t.Parallel()
	s := pypitest.Start(t, fakepypi.Options{Now: trove.AsOf})
	all, err := index.New(index.SiteOf(s.Upload, nil, true).AsPyPI(), client(), wire.NewGate(1), nil).Classifiers(t.Context())
	if err != nil || !slices.Contains(all, "Programming Language :: Python :: 3") || len(all) < 800 {
		t.Errorf("%d classifiers, %v", len(all), err)
	}
	if _, err := index.New(
		index.SiteOf(s.Upload, nil, false).AsPyPI(), client(), wire.NewGate(1), nil,
	).Classifiers(t.Context()); !errors.Is(err, index.ErrNoListings) {
		t.Errorf("without queries: %v", err)
	}
	later := pypitest.Start(t, fakepypi.Options{Now: func() time.Time { return trove.AsOf().AddDate(0, 0, 1) }})
	all, err = index.New(index.SiteOf(later.Upload, nil, true), client(), wire.NewGate(1), nil).Classifiers(t.Context())
	if err == nil {
		t.Errorf("the test server has a list of %d classifiers, and its table is older than today", len(all))
	}
}

// TestClassifiers_OtherPage: a list that was cut, or the page of a proxy, would refuse what the index takes.
func TestClassifiers_OtherPage(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"a proxy's":  "<html>" + strings.Repeat("<p>log in</p>\n", 1000),
		"one cut":    strings.Repeat("Topic :: Software Development\n", 20),
		"an old one": "",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(page)) }))
		t.Cleanup(server.Close)
		upload, err := url.Parse(server.URL + "/legacy/")
		if err != nil {
			t.Fatal(err)
		}
		if all, err := index.New(index.SiteOf(upload, nil, true).AsPyPI(), client(), wire.NewGate(1),
			nil).Classifiers(t.Context()); err == nil {
			t.Errorf("%s page was taken for a list of %d", name, len(all))
		}
	}
}
