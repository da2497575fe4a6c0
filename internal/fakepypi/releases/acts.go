package releases

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// largestBody is the maximum size of a request's body that is read, in bytes.
const largestBody = 256 << 20

// read reads the body, even if it ends early.
func (c *call) read() {
	body, err := io.ReadAll(io.LimitReader(c.r.Body, largestBody))
	c.body, c.complete = body, err == nil && c.r.ContentLength <= largestBody
}

// apiRelease returns the JSON of a release.
func (g *GitHub) apiRelease(r *Release) map[string]any {
	name := any(r.Name)
	if r.Name == "" {
		name = nil
	}
	return map[string]any{
		"id": r.ID, "tag_name": r.Tag, "name": name, "draft": r.Draft, "immutable": r.Immutable && !r.Draft, "prerelease": false,
		"html_url": fmt.Sprintf("https://github.example/%s/releases/tag/%s", g.options.Repository, r.Tag), "body": "Notes.",
	}
}

// apiAsset returns the JSON of an asset.
func (g *GitHub) apiAsset(a *Asset) map[string]any {
	decoded := map[string]any{
		"id":           a.ID,
		"name":         a.Name,
		"label":        nil,
		"state":        "uploaded",
		"size":         len(a.Bytes),
		"content_type": "application/octet-stream",
		"digest":       nil,
	}
	if a.Label != "" {
		decoded["label"] = a.Label
	}
	switch {
	case a.Starter:
		decoded["state"], decoded["size"] = "starter", 0
	case !g.options.NoDigests:
		decoded["digest"] = digest(a.Bytes)
	}
	return decoded
}

// byTag serves the published release of a tag. It never serves drafts.
func (g *GitHub) byTag(c *call) {
	for _, r := range g.releases {
		if r.Tag == c.tag() && !r.Draft {
			write(c.w, http.StatusOK, g.apiRelease(r))
			return
		}
	}
	refuse(c.w, http.StatusNotFound, "Not Found")
}

// list serves the releases, newest first. Only a token that may write sees drafts.
func (g *GitHub) list(c *call) {
	all := []map[string]any{}
	for _, r := range slices.Backward(g.releases) {
		if !r.Draft || c.right == Write {
			all = append(all, g.apiRelease(r))
		}
	}
	write(c.w, http.StatusOK, page(all, c.r))
}

// notes serves generated notes for any tag, and stores nothing.
func (g *GitHub) notes(c *call) {
	var request struct {
		Tag string `json:"tag_name"`
	}
	if json.Unmarshal(c.body, &request) != nil || request.Tag == "" {
		refuse(c.w, http.StatusUnprocessableEntity, "Invalid request.\n\n\"tag_name\" wasn't supplied.")
		return
	}
	write(c.w, http.StatusOK, map[string]string{"name": request.Tag, "body": "## What's Changed"})
}

// edit accepts a change of a release, counts it, and changes nothing.
func (g *GitHub) edit(c *call) {
	if r := g.release(c.number()); r != nil {
		g.edits++
		write(c.w, http.StatusOK, g.apiRelease(r))
		return
	}
	refuse(c.w, http.StatusNotFound, "Not Found")
}

// release returns the release with this id, or nil.
func (g *GitHub) release(id int64) *Release {
	i := slices.IndexFunc(g.releases, func(r *Release) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return g.releases[i]
}

// listAssets serves the assets of one release.
func (g *GitHub) listAssets(c *call) {
	if g.release(c.number()) == nil {
		refuse(c.w, http.StatusNotFound, "Not Found")
		return
	}
	all := []map[string]any{}
	for _, a := range g.assets {
		if a.Release == c.number() {
			all = append(all, g.apiAsset(a))
		}
	}
	write(c.w, http.StatusOK, page(all, c.r))
}

// upload stores an asset.
func (g *GitHub) upload(c *call) {
	r, query := g.release(c.number()), c.r.URL.Query()
	name := Renamed(query.Get("name"))
	exists := slices.ContainsFunc(g.assets, func(a *Asset) bool { return a.Release == c.number() && a.Name == name })
	switch {
	case r == nil:
		refuse(c.w, http.StatusNotFound, "Not Found")
	case r.Immutable && !r.Draft:
		refuse(c.w, http.StatusUnprocessableEntity, "Cannot upload assets to an immutable release.")
	case query.Get("name") == "" || c.r.Header.Get("Content-Type") == "" || c.r.ContentLength <= 0:
		refuse(c.w, http.StatusBadRequest, "Multipart form data required, or a name, a type and a length")
	case exists:
		refuse(c.w, http.StatusUnprocessableEntity, "Validation Failed",
			map[string]string{"resource": "ReleaseAsset", "code": "already_exists", "field": "name"})
	case !c.complete:
		g.addAsset(Asset{Release: r.ID, Name: name, Starter: true})
		refuse(c.w, http.StatusBadGateway, "Server Error")
	default:
		a := g.addAsset(Asset{Release: r.ID, Name: name, Label: query.Get("label"), Bytes: c.body})
		write(c.w, http.StatusCreated, g.apiAsset(a))
	}
}

// remove deletes an asset.
func (g *GitHub) remove(c *call) {
	i := slices.IndexFunc(g.assets, func(a *Asset) bool { return a.ID == c.number() })
	if i < 0 {
		refuse(c.w, http.StatusNotFound, "Not Found")
		return
	}
	g.assets = slices.Delete(g.assets, i, i+1)
	c.w.WriteHeader(http.StatusNoContent)
}

const bytesPath = "/release-assets/"

// download serves the JSON of an asset, or redirects to its bytes.
func (g *GitHub) download(c *call) {
	i := slices.IndexFunc(g.assets, func(a *Asset) bool { return a.ID == c.number() && !a.Starter })
	switch {
	case i < 0:
		refuse(c.w, http.StatusNotFound, "Not Found")
	case c.r.Header.Get("Accept") != "application/octet-stream":
		write(c.w, http.StatusOK, g.apiAsset(g.assets[i]))
	case g.options.Inline || g.storage == nil:
		c.w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = c.w.Write(g.assets[i].Bytes) // it fails if the client is gone
	default:
		at := g.storage.JoinPath(bytesPath, fmt.Sprint(g.assets[i].ID))
		at.RawQuery = "sig=" + signature
		c.w.Header().Set("Location", at.String())
		c.w.WriteHeader(http.StatusFound)
	}
}

// signature is what the storage requires instead of a token. It gives the same access.
const signature = "signed-for-one-download"

// Storage returns the handler of the storage of assets, which is at another address. It requires the signature of the URL and refuses
// every credential.
func (g *GitHub) Storage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.requests = append(g.requests, "bytes")
		leaked := g.leaked(r)
		if scripted := g.says["bytes"]; len(scripted) > 0 {
			g.says["bytes"] = scripted[1:]
			g.say(&call{w: w, r: r}, scripted[0])
			return
		}
		if leaked || r.URL.Query().Get("sig") != signature || r.Method != http.MethodGet {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for _, a := range g.assets {
			if r.URL.Path == bytesPath+fmt.Sprint(a.ID) {
				w.Header().Set("Content-Type", "application/octet-stream")
				_, _ = w.Write(a.Bytes) // it fails if the client is gone
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
	})
}

// leaked reports whether a request has a credential, and records that.
func (g *GitHub) leaked(r *http.Request) bool {
	text := r.URL.String()
	for name, values := range r.Header {
		text += name + ": " + strings.Join(values, " ") + "\n"
	}
	found := strings.Contains(text, "Authorization: ") || strings.Contains(text, "Cookie: ")
	for token := range g.options.Tokens {
		found = found || strings.Contains(text, token)
	}
	if found {
		g.leaks = append(g.leaks, "the storage")
	}
	return found
}
