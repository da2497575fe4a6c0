package sigstore

import (
	"crypto/x509"
	"encoding/json"
	"time"
)

// The two documents that a client gets from the TUF repository: which keys to trust, and where the services are. Both are protobuf JSON.

// period returns the validity period of keys and services. It starts before the instance did, for clients whose clock is a little behind.
func (s *Sigstore) period() map[string]string {
	return map[string]string{"start": s.started.Add(-time.Hour).UTC().Format(time.RFC3339)}
}

// TrustedRoot returns the document of the instance's keys: application/vnd.dev.sigstore.trustedroot+json;version=0.1.
func (s *Sigstore) TrustedRoot() ([]byte, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	return s.trustedRoot()
}

func (s *Sigstore) trustedRoot() ([]byte, error) {
	certificate := func(c *x509.Certificate) map[string][]byte { return map[string][]byte{"rawBytes": c.Raw} }
	return json.Marshal(map[string]any{
		"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"tlogs":     []any{s.logInstance(s.url, s.rekor)},
		"ctlogs":    []any{s.logInstance(s.url+"/ct", s.ct)},
		"certificateAuthorities": []any{map[string]any{
			"subject": map[string]string{
				"organization": s.authority.root.Subject.Organization[0], "commonName": s.authority.root.Subject.CommonName,
			},
			"uri":       s.url,
			"certChain": map[string]any{"certificates": []any{certificate(s.authority.intermediate), certificate(s.authority.root)}},
			"validFor":  s.period(),
		}},
		"timestampAuthorities": []any{},
	})
}

// logInstance returns the description of a log and its key.
func (s *Sigstore) logInstance(url string, key *logKey) map[string]any {
	return map[string]any{
		"baseUrl": url, "hashAlgorithm": "SHA2_256",
		"publicKey": map[string]any{"rawBytes": key.public, "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": s.period()},
		"logId":     map[string]any{"keyId": key.id[:]},
	}
}

// signingConfig returns the document of the services: application/vnd.dev.sigstore.signingconfig.v0.2+json.
func (s *Sigstore) signingConfig() ([]byte, error) {
	service := func(url string) []any {
		return []any{map[string]any{"url": url, "majorApiVersion": 1, "validFor": s.period(), "operator": "rehearsal"}}
	}
	return json.Marshal(map[string]any{
		"mediaType":       "application/vnd.dev.sigstore.signingconfig.v0.2+json",
		"caUrls":          service(s.url),
		"oidcUrls":        service(s.issuer),
		"rekorTlogUrls":   service(s.url),
		"tsaUrls":         []any{},
		"rekorTlogConfig": map[string]string{"selector": "ANY"},
		"tsaConfig":       map[string]string{"selector": "ANY"},
	})
}
