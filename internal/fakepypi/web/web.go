// Package web has the HTTP that several services of the test server share: answers in JSON, and the client with which they ask the issuer
// of ID tokens for its documents.
package web

import (
	"encoding/json"
	"net/http"
	"time"
)

const (
	// answerLimit is the maximum size of each of the issuer's documents, in bytes.
	answerLimit = 1 << 20
	// issuerTimeout limits each request to the issuer.
	issuerTimeout = 10 * time.Second
)

// WriteJSON answers with a status and body as JSON, or with 500 if body is not valid in JSON.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // it fails if the client is gone: no action needed
}

// IssuerClient returns a client for the documents of the issuer: its discovery document and its keys. It sends the User-Agent, keeps no
// connection open, takes at most ten seconds for a request, and fails to read an answer of more than 1 MiB.
//
// It sends every request to the host at, such as "127.0.0.1:8081", over plain HTTP: the issuer may have a name that this machine does not
// know. If at is empty, requests go where their address says.
func IssuerClient(userAgent, at string) *http.Client {
	return &http.Client{Timeout: issuerTimeout, Transport: issuerTransport{userAgent, at}}
}

// issuerTransport has the User-Agent of its requests, and the host that they go to.
type issuerTransport struct{ userAgent, at string }

// RoundTrip implements [http.RoundTripper].
func (t issuerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Close = true
	r.Header.Set("User-Agent", t.userAgent)
	if t.at != "" {
		r.URL.Scheme, r.URL.Host, r.Host = "http", t.at, ""
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = http.MaxBytesReader(nil, answer.Body, answerLimit)
	return answer, nil
}
