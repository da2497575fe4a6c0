package index_test

import (
	"errors"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi"
	"github.com/org/pypi-oidc-publish/internal/index"
	"github.com/org/pypi-oidc-publish/internal/secret"
	"github.com/org/pypi-oidc-publish/internal/testkit/pypitest"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

func TestStored_DeletedFile(t *testing.T) {
	t.Parallel()
	s := pypitest.Start(t, fakepypi.Options{})
	token, err := s.APIToken()
	if err != nil {
		t.Fatal(err)
	}
	login := index.Password("__token__", secret.NewRedactor(nil).New(token, s.Upload))
	ix, d := index.New(index.SiteOf(s.Upload, s.Simple, true).AsPyPI(), client(), wire.NewGate(1), login), read(t, sample)
	if stored, err := ix.Stored(t.Context(), d); stored || err != nil {
		t.Errorf("before: %v, %v", stored, err)
	}
	if err := ix.Upload(t.Context(), index.UploadRequest{File: d}, login); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(d.Name); err != nil {
		t.Fatal(err)
	}
	if stored, err := ix.Stored(t.Context(), d); !stored || err != nil {
		t.Errorf("after: %v, %v", stored, err)
	}
	none := index.New(index.SiteOf(s.Upload, nil, false).AsPyPI(), client(), wire.NewGate(1), login)
	if _, err := none.Stored(t.Context(), d); !errors.Is(err, index.ErrNoListings) {
		t.Errorf("without queries: %v", err)
	}
}
