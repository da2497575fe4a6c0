package trust

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// body makes a request body anew for every try.
type body = func(context.Context) (io.ReadCloser, int64, error)

// textBody is a body that is the same for every try.
func textBody(text []byte) body {
	return func(context.Context) (io.ReadCloser, int64, error) {
		return io.NopCloser(bytes.NewReader(text)), int64(len(text)), nil
	}
}

// tokenBody is the body {"token": …} whose secret is asked for anew for every try.
func tokenBody(reveal func(context.Context) (string, error)) body {
	return func(ctx context.Context) (io.ReadCloser, int64, error) {
		raw, err := reveal(ctx)
		if err != nil {
			return nil, 0, err
		}
		text, err := json.Marshal(map[string]string{"token": raw})
		if err != nil {
			return nil, 0, fmt.Errorf("a token cannot be written as JSON: %w", err)
		}
		return textBody(text)(ctx)
	}
}
