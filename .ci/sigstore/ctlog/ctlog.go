// Package ctlog is the part of a certificate transparency log that Fulcio speaks to (RFC 6962 section 4.2): it promises,
// with a real signature, to log a precertificate. It keeps nothing, so the promise is never held; who verifies a
// certificate checks the signature of the promise alone.
package ctlog

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	cryptox509 "crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
	"github.com/google/certificate-transparency-go/x509"
)

// Bounds of a request; a chain of three certificates is under 10 kB.
const (
	largest     = 1 << 20
	readTimeout = 10 * time.Second
)

// Log signs promises.
type Log struct {
	// URL is the log's address, without the `/ct/v1` of the protocol.
	URL string
	// Key is the log's public key: DER of a SubjectPublicKeyInfo. The log's id is its SHA-256.
	Key []byte

	private *ecdsa.PrivateKey
}

// Start listens on a free port of loopback until ctx ends.
func Start(ctx context.Context) (*Log, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	public, err := cryptox509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return nil, err
	}
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Log{URL: "http://" + at.Addr().String(), Key: public, private: private}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ct/v1/add-pre-chain", l.add)
	server := &http.Server{Handler: mux, ReadTimeout: readTimeout}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(at) }() // ends with ctx
	return l, nil
}

func (l *Log) add(w http.ResponseWriter, r *http.Request) {
	var request ct.AddChainRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, largest)).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	promise, err := l.promise(request.Chain, uint64(time.Now().UnixMilli()))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(promise) // the client may be gone; no action needed
}

// promise makes a signed certificate timestamp (RFC 6962 section 3.2). The time is in milliseconds.
func (l *Log) promise(chain [][]byte, at uint64) (*ct.AddChainResponse, error) {
	certificates := make([]*x509.Certificate, len(chain))
	for n, der := range chain {
		var err error
		if certificates[n], err = x509.ParseCertificate(der); x509.IsFatal(err) {
			return nil, fmt.Errorf("certificate %d of the chain: %w", n, err)
		}
	}
	if len(certificates) < 2 {
		return nil, fmt.Errorf("a chain of %d certificates has no issuer", len(certificates))
	}
	leaf, err := ct.MerkleTreeLeafFromChain(certificates, ct.PrecertLogEntryType, at)
	if err != nil {
		return nil, err
	}
	input, err := ct.SerializeSCTSignatureInput(ct.SignedCertificateTimestamp{SCTVersion: ct.V1, Timestamp: at}, ct.LogEntry{Leaf: *leaf})
	if err != nil {
		return nil, err
	}
	signature, err := tls.CreateSignature(*l.private, tls.SHA256, input)
	if err != nil {
		return nil, err
	}
	signed, err := tls.Marshal(signature)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(l.Key)
	return &ct.AddChainResponse{SCTVersion: ct.V1, ID: id[:], Timestamp: at, Signature: signed}, nil
}
