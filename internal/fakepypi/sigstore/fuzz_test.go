package sigstore

import (
	"encoding/json"
	"testing"
)

// FuzzProposal: any proposed entry is refused, or becomes a body that is JSON.
func FuzzProposal(f *testing.F) {
	for _, seed := range []string{
		`{"apiVersion":"0.0.1","kind":"dsse","spec":{"proposedContent":{"envelope":"{\"payload\":\"eA==\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"eA==\"}]}","verifiers":["eA=="]}}}`,
		`{"apiVersion":"0.0.1","kind":"dsse"}`, `{}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if body, err := canonicalBody(text); err == nil && !json.Valid(body) {
			t.Errorf("the log holds %q", body)
		}
	})
}

// FuzzCertificateRequest: a key comes only of a request that proves it.
func FuzzCertificateRequest(f *testing.F) {
	for _, seed := range []string{
		`{"certificateSigningRequest":"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K"}`,
		`{"publicKeyRequest":{"publicKey":{"algorithm":"ECDSA","content":"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"},"proofOfPossession":"AAAA"}}`,
		`{"publicKeyRequest":{}}`, `{}`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var request certificateRequest
		if json.Unmarshal(text, &request) != nil {
			return
		}
		if key, err := request.key("subject"); (key == nil) == (err == nil) {
			t.Errorf("the key %v with the error %v", key, err)
		}
	})
}
