#!/usr/bin/env bash
# sigstore-go says "http: read on closed response body" for a 503 of the certificate authority, and does not look at its context
#
# Expected: when Fulcio answers 503, GetCertificate returns what its source has for that: "Fulcio returned 503" with the body, which says
#           when the service will be back. When the context of the call ends, the call ends, as package context of Go asks of those who
#           take one.
# Seen:     after the last try the body is closed before it is read, so status and words are lost, after a pause of one second that leads
#           to no further try. The context is looked at between tries alone: the request is made without it, so the call lasts until the
#           answer is there or its own time of 30 seconds is over.
# Affects:  programs that sign with sigstore-go v1.3.0 during an outage: their log has nothing to search for, and their own time limit or
#           cancellation comes late.
# Date:     2026-11-29
# Versions: Go modules: github.com/sigstore/sigstore-go v1.3.0
# Sources:  sigstore-go, pkg/sign/certificate.go; Go, package context
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

go_module github.com/sigstore/sigstore-go@v1.3.0

cat >go/main.go <<'GO'
// A certificate authority on loopback that is out of service, and one that is slow.
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/sigstore/sigstore-go/pkg/sign"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return value
}

func ask(ctx context.Context, handler http.HandlerFunc) (time.Duration, error) {
	authority := httptest.NewServer(handler)
	defer authority.Close()
	// An ID token in form alone: only the claim sub is looked at before it is sent.
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"alder"}`)) + ".e30"
	fulcio := sign.NewFulcio(&sign.FulcioOptions{BaseURL: authority.URL})
	from := time.Now()
	_, err := fulcio.GetCertificate(ctx, must(sign.NewEphemeralKeypair(nil)), &sign.CertificateProviderOptions{IDToken: token})
	return time.Since(from), err
}

func main() {
	_, err := ask(context.Background(), func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "back at noon", http.StatusServiceUnavailable)
	})
	fmt.Println("a 503:", err)

	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	took, err := ask(ctx, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(2 * time.Second)
		http.Error(w, "no", http.StatusBadRequest)
	})
	fmt.Printf("an answer after 2 s to a call with 0.2 s: waited for it: %v; %v\n", took >= 2*time.Second, err)
}
GO
go_program
./program 2>run.log | sed '/^$/d' >seen || untried run.log

still <<'SEEN'
a 503: http: read on closed response body
an answer after 2 s to a call with 0.2 s: waited for it: true; Fulcio returned 400: no
SEEN
