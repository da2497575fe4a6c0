// Package trust is what a client knows of this Sigstore before it asks: the trusted root (whose signatures count), the
// signing config (whom to ask), and the TUF repository that serves both.
package trust

import (
	"crypto/sha256"
	"fmt"
	"time"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Services are the addresses and keys of one Sigstore. A key is the DER of a SubjectPublicKeyInfo of a P-256 key.
type Services struct {
	Fulcio  string   // address
	Chain   [][]byte // DER of Fulcio's certificates, the root last
	CTLog   string   // address
	CTKey   []byte
	Rekor   string // address of the Rekor v1
	LogKey  []byte
	Retired string // address of a Rekor v2, which a client of an index must not choose; nothing needs to be there
}

// since is when all of it began to count: before anything could be signed.
func since(now time.Time) *common.TimeRange {
	return &common.TimeRange{Start: timestamppb.New(now.Add(-time.Hour))}
}

func log(address string, key []byte, now time.Time) *trustroot.TransparencyLogInstance {
	id := sha256.Sum256(key)
	return &trustroot.TransparencyLogInstance{
		BaseUrl:       address,
		HashAlgorithm: common.HashAlgorithm_SHA2_256,
		PublicKey: &common.PublicKey{
			RawBytes: key, KeyDetails: common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256, ValidFor: since(now),
		},
		LogId: &common.LogId{KeyId: id[:]},
	}
}

// Root returns the target `trusted_root.json`.
func (s Services) Root(now time.Time) ([]byte, error) {
	if len(s.Chain) == 0 {
		return nil, fmt.Errorf("the authority at %s has no certificates", s.Fulcio)
	}
	chain := &common.X509CertificateChain{}
	for _, der := range s.Chain {
		chain.Certificates = append(chain.Certificates, &common.X509Certificate{RawBytes: der})
	}
	return protojson.Marshal(&trustroot.TrustedRoot{
		MediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		CertificateAuthorities: []*trustroot.CertificateAuthority{{
			// Fulcio's throwaway authority has no common name, and some clients cannot read a trusted root without one.
			Subject: &common.DistinguishedName{Organization: "sigstore.dev", CommonName: "sigstore"},
			Uri:     s.Fulcio, CertChain: chain, ValidFor: since(now),
		}},
		Ctlogs: []*trustroot.TransparencyLogInstance{log(s.CTLog, s.CTKey, now)},
		Tlogs:  []*trustroot.TransparencyLogInstance{log(s.Rekor, s.LogKey, now)},
	})
}

// Config returns the target `signing_config.v0.2.json`.
func (s Services) Config(now time.Time) ([]byte, error) {
	service := func(address string, version uint32) *trustroot.Service {
		return &trustroot.Service{Url: address, MajorApiVersion: version, ValidFor: since(now), Operator: "sigstore.dev"}
	}
	any := &trustroot.ServiceConfiguration{Selector: trustroot.ServiceSelector_ANY}
	return protojson.Marshal(&trustroot.SigningConfig{
		MediaType:       "application/vnd.dev.sigstore.signingconfig.v0.2+json",
		CaUrls:          []*trustroot.Service{service(s.Fulcio, 1)},
		RekorTlogUrls:   []*trustroot.Service{service(s.Retired, 2), service(s.Rekor, 1)},
		RekorTlogConfig: any,
		TsaConfig:       any,
	})
}
