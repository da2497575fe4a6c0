package sigstore

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"time"
)

// Timestamps of a certificate transparency log (RFC 6962 section 3), which prove that a certificate was published.

// sctExtension returns the id of the extension with the timestamps.
func sctExtension() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
}

const (
	hashSHA256     = 4
	signatureECDSA = 3
)

// timestamp returns the extension for a certificate that was signed without it. The log signs the contents that the certificate will
// have.
func (s *Sigstore) timestamp(without *x509.Certificate, at time.Time, forged bool) (pkix.Extension, error) {
	moment := uint64(at.UnixMilli()) // the clock is after 1970
	signature, err := s.ct.sign(precertificate(without, s.authority.intermediate, moment), forged)
	if err != nil {
		return pkix.Extension{}, err
	}
	sct := append([]byte{0}, s.ct.id[:]...)
	sct = binary.BigEndian.AppendUint64(sct, moment)
	sct = append(sct, 0, 0, hashSHA256, signatureECDSA)
	sct = append(sct, sized(signature)...)
	list := sized(sized(sct))
	value, err := asn1.Marshal(list)
	return pkix.Extension{Id: sctExtension(), Value: value}, err
}

// precertificate returns the bytes that the log signs: version 0, signature type 0, the time, and the certificate as a precert entry.
func precertificate(without, issuer *x509.Certificate, moment uint64) []byte {
	data := binary.BigEndian.AppendUint64([]byte{0, 0}, moment)
	data = append(data, 0, 1)
	key := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	data = append(data, key[:]...)
	tbs := without.RawTBSCertificate
	data = append(data, byte(len(tbs)>>16), byte(len(tbs)>>8), byte(len(tbs)))
	data = append(data, tbs...)
	return append(data, 0, 0)
}

// sized returns b with its length in two bytes before it.
func sized(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) // a timestamp has about 120 bytes
}
