package ghrelease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	tries   = 4               // attempts to upload one asset
	first   = 2 * time.Second // the wait after the first attempt; doubled after each
	limit   = time.Minute     // the wait after a rate limit without a time, as GitHub documents
	longest = 2 * time.Minute // the maximal wait, even if GitHub asks for more
	silent  = 3               // consecutive assets without an answer after which the rest is not tried
)

// Attach uploads the assets to the release, one after another, as GitHub requires. It calls record, which may be nil, for each
// asset that the release now has, with whether it existed before. It returns the number of these assets.
//
// Errors are findings, joined. After the failure of one asset it continues with the others, unless they would fail too.
func (c *Client) Attach(ctx context.Context, r Release, assets []Asset, record func(a Asset, existed bool)) (n int, err error) {
	if err := c.known(); err != nil {
		return 0, err
	}
	existing, err := c.list(ctx, r)
	if err != nil {
		return 0, err
	}
	var failed []error
	inARow := 0 // without an answer
	for i, a := range assets {
		before, err := c.attach(ctx, r, a, existing)
		if err == nil {
			n, inARow = n+1, 0
			if record != nil {
				record(a, before)
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

// attach uploads one asset, unless it exists. It reports whether the asset existed before.
func (c *Client) attach(ctx context.Context, r Release, a Asset, existing []existingAsset) (before bool, err error) {
	ours := false // one of our tries may have succeeded
	var failed error
	for n := 1; ; n++ {
		h, found := findAsset(existing, a)
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
		if isChanged(failed) {
			return false, errors.Join(failed, c.removeIncomplete(ctx, r, a))
		}
		if !reply.passing() || ctx.Err() != nil {
			return false, assetError(ctx, r, a, failed)
		}
		ours = ours || reply.unclear
		if err := c.options.Sleep(ctx, reply.waitBefore(n)); err != nil {
			return false, assetError(ctx, r, a, err)
		}
		if existing, err = c.list(ctx, r); err != nil {
			return false, err
		}
	}
}

// send uploads an asset once. Its error is a [*wire.Error], a finding, or errUnclear.
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
			return content{body, a}, a.Size, nil
		},
	})
	if err != nil {
		return err
	}
	var uploaded github.ReleaseAsset
	if err := json.Unmarshal(answer.Body, &uploaded); err != nil || uploaded.GetID() == 0 || uploaded.GetState() != "uploaded" ||
		int64(uploaded.GetSize()) != a.Size {
		return errUnclear
	}
	return nil
}

// errUnclear means that the answer to an upload does not say if it succeeded.
var errUnclear = errors.New("the answer does not confirm that GitHub has the whole file")

// content is the body of an upload. If it cannot be read to its end, the error is a finding, and GitHub gets no whole asset.
type content struct {
	io.ReadCloser
	asset Asset
}

// Read reads the content.
func (c content) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = changed(c.asset, err.Error())
	}
	return n, err
}

// changed returns a finding for a file that was changed during the run.
func changed(a Asset, why string) error {
	return finding.New(finding.GitHubAssetChanged,
		fmt.Sprintf("%s was not attached: %s", a.Name, why),
		"make sure that no other step writes to this file, and run the job again")
}

// isChanged reports whether an asset was not sent because its file is another one than before.
func isChanged(err error) bool {
	var f finding.Finding
	return errors.As(err, &f) && f.ID == finding.GitHubAssetChanged
}

// removeIncomplete deletes what an upload left behind that broke off, once GitHub had the time to notice. What appears even later is
// deleted by the next run.
func (c *Client) removeIncomplete(ctx context.Context, r Release, a Asset) error {
	if err := c.options.Sleep(ctx, first); err != nil {
		return nil // the run was cancelled, which is reported elsewhere
	}
	existing, err := c.list(ctx, r)
	if err != nil {
		return err
	}
	if h, found := findAsset(existing, a); found && h.starter {
		return c.remove(ctx, h.id, h.name)
	}
	return nil
}

// remove deletes an incomplete asset, which blocks its name.
func (c *Client) remove(ctx context.Context, id int64, name string) error {
	_, _, err := ask(func() (any, *github.Response, error) {
		last, err := c.api.Repositories.DeleteReleaseAsset(ctx, c.owner, c.name, id)
		return nil, last, err
	})
	if err == nil || replyOf(err).status() == http.StatusNotFound {
		return nil // deleted by another job or an earlier try
	}
	return permissionError(ctx, "delete the incomplete asset "+name, err)
}
