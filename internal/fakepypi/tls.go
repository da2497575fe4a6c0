package fakepypi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"time"
)

// certificateLife is how long the certificates of a test server are valid.
const certificateLife = 30 * 24 * time.Hour

// newCertificate returns a certificate for hosts, which are names and addresses, and the certificate of the new authority that issued it,
// in PEM. The authority's key is not kept. Clients go by the clock of the machine, so now has to be near it.
func newCertificate(now time.Time, hosts []string) (tls.Certificate, []byte, error) {
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test index"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife), KeyUsage: x509.KeyUsageCertSign,
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	root, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "a test index"}, NotBefore: authority.NotBefore,
		NotAfter: authority.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), authorityKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}), nil
}

// secure makes the server at base answer with TLS only.
func (s *Servers) secure(front *server, base string, now time.Time) error {
	at, err := url.Parse(base)
	if err != nil {
		return err
	}
	certificate, authority, err := newCertificate(now, []string{at.Hostname(), "localhost", "127.0.0.1", "::1", front.host()})
	if err != nil {
		return err
	}
	front.tls = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.Authority = authority
	return nil
}

// behindProxy returns a handler for an index whose clients reach it by https through a proxy: a request for the host of base counts as
// one that came over TLS, so that its links have https.
func behindProxy(base string, next http.Handler) http.Handler {
	at, err := url.Parse(base)
	if err != nil || at.Scheme != "https" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil && r.Host == at.Host {
			r = r.Clone(r.Context())
			r.TLS = &tls.ConnectionState{}
		}
		next.ServeHTTP(w, r)
	})
}
