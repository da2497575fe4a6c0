package ghrelease

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/go-github/v63/github"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

const (
	tries   = 4               // of one asset, the first one included
	first   = 2 * time.Second // the wait after the first of them; doubled after each
	limit   = time.Minute     // the wait after a limit that tells no time, as GitHub asks for
	longest = 2 * time.Minute // a longer wait that GitHub asks for is cut to this
	silent  = 3               // assets in a row that got no answer: the others would get none either
)

// Attach makes the release have the assets, one after another, as GitHub wants it. told, which may be nil, hears of each that the
// release has: there tells that it had it before. n is how many those are.
//
// Errors are findings, joined. A failure of one asset does not hinder the others, unless they would all fail alike.
func (c *Client) Attach(ctx context.Context, r Release, assets []Asset, told func(a Asset, there bool)) (n int, err error) {
	if err := c.known(); err != nil {
		return 0, err
	}
	there, err := c.list(ctx, r)
	if err != nil {
		return 0, err
	}
	var failed []error
	inARow := 0 // without an answer
	for i, a := range assets {
		before, err := c.attach(ctx, r, a, there)
		if err == nil {
			n, inARow = n+1, 0
			if told != nil {
				told(a, before)
			}
			continue
		}
		others := prospectOf(err)
		if others == unanswered {
			inARow++
		} else {
			inARow = 0
		}
		if left := len(assets) - i - 1; left > 0 && (others == everyAsset || inARow == silent) {
			return n, errors.Join(append(failed, withSkippedCount(err, left))...)
		}
		failed = append(failed, err)
	}
	return n, errors.Join(failed...)
}

// attach makes the release have one asset, and tells whether somebody else had given it before.
func (c *Client) attach(ctx context.Context, r Release, a Asset, there []existingAsset) (before bool, err error) {
	ours := false // one of our tries may have had its effect
	var failed error
	for n := 1; ; n++ {
		h, found := find(there, a)
		switch {
		case found && !h.starter:
			return !ours, c.same(ctx, r, h, a)
		case r.Immutable:
			return false, immutable(r, a.Name)
		case found:
			if err := c.remove(ctx, h.id, h.name); err != nil {
				return false, err
			}
		}
		if n > tries {
			return false, assetError(ctx, r, a, failed)
		}
		if failed = c.send(ctx, r, a); failed == nil {
			return false, nil
		}
		reply := replyOf(failed)
		if !reply.passing() || ctx.Err() != nil {
			return false, assetError(ctx, r, a, failed)
		}
		ours = ours || reply.unclear
		if err := c.options.Sleep(ctx, reply.patience(n)); err != nil {
			return false, assetError(ctx, r, a, err)
		}
		if there, err = c.list(ctx, r); err != nil {
			return false, err
		}
	}
}

// send tries once to send an asset. Its error is a [*wire.Error], a finding, or one that tells that nobody knows what became of it.
func (c *Client) send(ctx context.Context, r Release, a Asset) error {
	at := c.uploads.JoinPath(c.path(strconv.FormatInt(r.ID, 10), "assets")...)
	query := url.Values{"name": {a.Name}}
	if a.label() != "" {
		query.Set("label", a.label())
	}
	at.RawQuery = query.Encode()
	authorization, err := c.authorization(at)
	if err != nil {
		return err
	}
	sent := sha256.New()
	answer, err := c.options.Wire.Do(ctx, wire.Call{
		Op: wire.Asset, Method: http.MethodPost, URL: at,
		Header: http.Header{
			"Accept": {"application/vnd.github+json"}, "Content-Type": {"application/octet-stream"},
			"Authorization": {authorization}, "X-Github-Api-Version": {apiVersion},
		},
		Body: func(context.Context) (io.ReadCloser, int64, error) {
			body, err := a.Open()
			if err != nil {
				return nil, 0, changed(a, err.Error())
			}
			sent.Reset()
			return hashed{body, sent}, a.Size, nil
		},
	})
	if err != nil {
		return err
	}
	var taken github.ReleaseAsset
	if err := json.Unmarshal(answer.Body, &taken); err != nil || taken.GetID() == 0 || taken.GetState() != "uploaded" || int64(taken.GetSize()) != a.Size {
		return errUnclear
	}
	if hex.EncodeToString(sent.Sum(nil)) == a.SHA256 {
		return nil
	}
	// What is there now was never judged.
	return errors.Join(changed(a, "it was changed during the run"), c.remove(ctx, taken.GetID(), a.Name))
}

// errUnclear is an answer to an upload that says neither yes nor no.
var errUnclear = errors.New("the answer does not confirm that GitHub has the whole file")

// hashed is a body whose bytes are hashed as they are read.
type hashed struct {
	io.ReadCloser
	sum hash.Hash
}

func (h hashed) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	h.sum.Write(p[:n])
	return n, err
}

// changed tells that a file is not what it was.
func changed(a Asset, why string) error {
	return finding.New(finding.GitHubAssetChanged,
		fmt.Sprintf("%s was not attached: %s", a.Name, why),
		"make sure that no other step writes to this file, and run the job again")
}

// remove deletes half an asset, whose name is taken until then.
func (c *Client) remove(ctx context.Context, id int64, name string) error {
	_, _, err := ask(func() (any, *github.Response, error) {
		last, err := c.api.Repositories.DeleteReleaseAsset(ctx, c.owner, c.name, id)
		return nil, last, err
	})
	if err == nil || replyOf(err).status() == http.StatusNotFound {
		return nil // somebody else did, or an earlier try
	}
	return permissionError(ctx, "delete the incomplete asset "+name, err)
}
