package ghrelease_test

import (
	"slices"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/fakepypi/releases"
	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/ghrelease"
)

// FuzzResponses: any answer of GitHub to any request is a real success, or gives findings with a next step.
func FuzzResponses(f *testing.F) {
	for _, body := range []string{
		"", "null", "[null]", `{"id":7,"tag_name":"v1"}`, `[{"id":7,"name":"a.whl","size":3,"state":"starter"}]`,
		`[{"id":7,"name":"a.whl","size":3,"created_at":0}]`,
		`{"message":"x","errors":["y",{"code":"already_exists"}]}`, `{"errors":[null]}`, "<html>",
	} {
		for op := range releases.Ops() {
			f.Add(uint8(op), uint16(200), body)
			if testing.Short() {
				continue // the others take as long
			}
			f.Add(uint8(op), uint16(422), body)
			f.Add(uint8(op), uint16(403), body)
		}
	}
	f.Fuzz(func(t *testing.T, op uint8, status uint16, body string) {
		if status < 200 || status > 999 || status == 204 || status == 304 {
			t.Skip() // they have no body
		}
		s := startGitHub(t, releases.Write, releases.Options{})
		r := s.Publish(releases.Release{Tag: "v1", Draft: op%2 == 0})
		s.AddAsset(releases.Asset{Release: r.ID, Name: "b.whl", Bytes: []byte("bbb")})
		s.AddAsset(releases.Asset{Release: r.ID, Name: "c.whl", Starter: true})
		s.AddAsset(releases.Asset{Release: r.ID, Name: "d.whl", Bytes: []byte("somebody's")})
		ops := releases.Ops()
		s.Say(ops[int(op)%len(ops)], releases.Answer{Status: int(status), Body: body})
		wanted := []ghrelease.Asset{asset("a.whl", "aaa"), asset("b.whl", "bbb"), asset("c.whl", "c")}
		ready, err := s.client.Ready(t.Context(), "v1", wanted)
		n := 0
		if err == nil {
			n, err = s.client.Attach(t.Context(), ready, wanted, nil)
		}
		if err == nil && n != len(wanted) {
			t.Errorf("%d without an error", n)
		}
		s.harmless(err)
		for _, f := range finding.Of(err) {
			if f.Message == "" {
				t.Errorf("%+v", f)
			}
		}
		if !slices.ContainsFunc(s.Assets(r.ID), func(a releases.Asset) bool { return string(a.Bytes) == "somebody's" }) {
			t.Error("an asset of others is gone")
		}
	})
}
