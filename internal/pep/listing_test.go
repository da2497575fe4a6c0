package pep_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/org/pypi-oidc-publish/internal/pep"
)

func TestParseListing_Fields(t *testing.T) {
	t.Parallel()
	got, err := pep.ParseListing([]byte(`{
		"meta": {"api-version": "1.4", "_last-serial": 7}, "name": "Alder.Core", "alternate-locations": [], "future": {"x": [1]},
		"project-status": {"status": "archived", "reason": "old"},
		"versions": ["1.0"],
		"files": [
			{"filename": "alder_core-1.0.tar.gz", "url": "https://files.example/a", "hashes": {"sha256": "` + strings.Repeat("AB01", 16) + `", "blake2b": "x"}, 
			 "size": 1024, "upload-time": "2026-03-04T05:06:07.891011Z", "yanked": false,
			 "provenance": "https://index.example/p", "core-metadata": false},
			{"filename": "alder_core-1.0-py3-none-any.whl", "url": "u", "hashes": {}, "yanked": "wrong licence",
			 "provenance": null, "size": null},
			{"filename": "alder_core-0.8.zip", "url": "u", "hashes": {"blake2_256": "` + strings.Repeat("AB", 32) + `",
				"blake2b": "` + strings.Repeat("CD", 64) + `"}},
			{"filename": "alder_core-0.7.zip", "url": "u#x", "hashes": {"blake2b": "` + strings.Repeat("CD", 64) + `"}},
			{"filename": "alder_core-0.9.zip", "hashes": {"md5": "0123456789ABCDEF0123456789abcdef", "sha256": "0123456789abcdef"}, "yanked": true, "upload-time": "yesterday", "size": "big"}
		]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := pep.Listing{Project: "alder-core", Exists: true, Status: "archived", Files: []pep.IndexFile{
		{
			Name: "alder_core-1.0.tar.gz", SHA256: strings.Repeat("ab01", 16), Provenance: "https://index.example/p", Size: 1024,
			Uploaded: time.Date(2026, 3, 4, 5, 6, 7, 891011000, time.UTC),
		},
		{Name: "alder_core-1.0-py3-none-any.whl", URL: "u", Yanked: true},
		{Name: "alder_core-0.8.zip", BLAKE2b: strings.Repeat("ab", 32)},
		{Name: "alder_core-0.7.zip", BLAKE2b: strings.Repeat("cd", 64)},
		{Name: "alder_core-0.9.zip", MD5: "0123456789abcdef0123456789abcdef", Yanked: true},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestParseListing_Digests: what is no digest of its kind counts as none.
func TestParseListing_Digests(t *testing.T) {
	t.Parallel()
	whole := strings.Repeat("0a", 32)
	for hashes, want := range map[string]pep.IndexFile{
		`{"sha256": "` + whole + `"}`:                  {SHA256: whole},
		`{"sha256": "` + strings.ToUpper(whole) + `"}`: {SHA256: whole},
		`{"sha256": "` + whole[1:] + `"}`:              {},
		`{"sha256": "` + whole + `0"}`:                 {},
		`{"sha256": " ` + whole + `"}`:                 {},
		`{"sha256": "` + whole[2:] + `xx"}`:            {},
		`{"sha256": "::error::smuggled"}`:              {},
		`{"sha256": "", "md5": "` + whole[:32] + `"}`:  {MD5: whole[:32]},
		`{"md5": "` + whole + `"}`:                     {},
	} {
		got, err := pep.ParseListing([]byte(`{"name": "alder", "files": [{"filename": "alder-1.0.zip", "hashes": ` + hashes + `}]}`))
		want.Name = "alder-1.0.zip"
		if err != nil || len(got.Files) != 1 || got.Files[0] != want {
			t.Errorf("%s: %+v, %v", hashes, got, err)
		}
	}
}

func TestParseListing_NoFiles(t *testing.T) {
	t.Parallel()
	got, err := pep.ParseListing([]byte(`{"meta": {"api-version": "1.0"}, "name": "alder", "files": []}`))
	if err != nil || !got.Exists || got.Project != "alder" || len(got.Files) != 0 || got.Status != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseListing_Invalid(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " \n", "<!DOCTYPE html><html><body>Links</body></html>", "<?xml version='1.0'?>", "not found", "null", "[]", "7", `"files"`,
		"{}",
		`{"files": null}`, `{"name": "alder", "files": {}}`, `{"name": 7, "files": []}`, `{"files": ["a.whl"]}`,
		`{"files": [{"url": "u"}]}`,
		`{"files": [{"filename": "a.whl", "hashes": "none"}]}`, `{"files": []`, `{"files": []} <html>`, `{"projects": [{"name": "alder"}]}`,
	} {
		if got, err := pep.ParseListing([]byte(text)); !errors.Is(err, pep.ErrNoListing) {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
}

func FuzzParseListing(f *testing.F) {
	f.Add([]byte(
		`{"name":"a","files":[{"filename":"a","hashes":{"sha256":"A"},"size":1,"yanked":"x","upload-time":"2026-03-04T05:06:07Z"}]}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := pep.ParseListing(text)
		if err != nil {
			return
		}
		for _, file := range l.Files {
			if file.Name == "" {
				t.Fatal("a file without a name")
			}
		}
	})
}
