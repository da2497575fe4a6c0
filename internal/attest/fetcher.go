package attest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/org/pypi-oidc-publish/internal/wire"
)

// fetcher downloads the files of a TUF repository. It contains a context, because the library does not pass one.
type fetcher struct {
	ctx  context.Context
	wire *wire.Client
}

// DownloadFile downloads a file of at most longest bytes. It returns a 404 as the library's own error type, because it marks the end
// of the chain of roots. The library does not use the last argument.
func (f fetcher) DownloadFile(path string, longest int64, _ time.Duration) ([]byte, error) {
	at, err := url.Parse(path)
	if err != nil {
		return nil, errors.New("the repository's address cannot be read")
	}
	answer, err := f.wire.Do(f.ctx, wire.Call{Op: wire.TrustRoot, Method: http.MethodGet, URL: at})
	switch {
	case wire.StatusOf(err) == http.StatusNotFound:
		return nil, &metadata.ErrDownloadHTTP{StatusCode: http.StatusNotFound, URL: wire.PlainURL(path)}
	case err != nil:
		return nil, err
	case int64(len(answer.Body)) > longest:
		return nil, &metadata.ErrDownloadLengthMismatch{Msg: fmt.Sprintf("%s is longer than %d bytes", wire.PlainURL(path), longest)}
	}
	return answer.Body, nil
}
