package uploadtoken

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// body returns a new request body, and its length in bytes, for each try.
type body = func(context.Context) (io.ReadCloser, int64, error)

// textBody returns a body that is the same for every try.
func textBody(text []byte) body {
	return func(context.Context) (io.ReadCloser, int64, error) {
		return io.NopCloser(bytes.NewReader(text)), int64(len(text)), nil
	}
}

// tokenBody returns the body {"token": …}. It calls reveal for the secret at each try.
func tokenBody(secret func(context.Context) (string, error)) body {
	return func(ctx context.Context) (io.ReadCloser, int64, error) {
		raw, err := secret(ctx)
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
