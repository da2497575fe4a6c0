package sigstore

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

// authorityLife is how long the authority's own certificates are valid after the start. They are valid since a year before it.
const authorityLife = 10 * 365 * 24 * time.Hour

// authority is a certificate authority: a root that has signed one intermediate, which signs the issued certificates.
type authority struct {
	root, intermediate *x509.Certificate
	key                *ecdsa.PrivateKey // of the intermediate
}

// newAuthority returns an authority with new keys.
func newAuthority(now time.Time) (*authority, error) {
	rootKey, err := newKey()
	if err != nil {
		return nil, err
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	root, err := newCA(now, "rehearsal root", 1)
	if err != nil {
		return nil, err
	}
	if root, err = sign(root, root, &rootKey.PublicKey, rootKey); err != nil {
		return nil, err
	}
	intermediate, err := newCA(now, "rehearsal intermediate", 0)
	if err != nil {
		return nil, err
	}
	intermediate.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	if intermediate, err = sign(intermediate, root, &key.PublicKey, rootKey); err != nil {
		return nil, err
	}
	return &authority{root: root, intermediate: intermediate, key: key}, nil
}

// newCA returns the template of an authority's certificate, which may have below authorities under it. The subject has both names,
// because some clients cannot read one without them (docs/reference/attestations.md §9.4).
func newCA(now time.Time, name string, below int) (*x509.Certificate, error) {
	serial, err := newSerial()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{"rehearsal"}, CommonName: name},
		NotBefore:    now.AddDate(-1, 0, 0), NotAfter: now.Add(authorityLife),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true,
		MaxPathLen: below, MaxPathLenZero: below == 0,
	}, err
}

// newSerial returns a random positive number of 159 bits (RFC 5280 section 4.1.2.2).
func newSerial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 159))
	return n.Add(n, big.NewInt(1)), err
}

// sign returns a certificate made from the template and signed by parent with key.
func sign(template, parent *x509.Certificate, public any, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(raw)
}

// chain returns leaf, intermediate and root as PEM. Without a leaf it returns the last two.
func (a *authority) chain(leaf *x509.Certificate) []string {
	var all []string
	for _, c := range []*x509.Certificate{leaf, a.intermediate, a.root} {
		if c != nil {
			all = append(all, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})))
		}
	}
	return all
}
