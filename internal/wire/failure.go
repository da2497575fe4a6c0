package wire

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// The functions of this file return what an error says of a request, wherever in its chain the [*Error] of the request is. They are how
// other packages look at a request that failed.

// ErrorOf returns the [*Error] of the request that err is about; nil if err is about none.
func ErrorOf(err error) *Error {
	var failed *Error
	if !errors.As(err, &failed) {
		return nil
	}
	return failed
}

// AnswerOf returns the last answer of the request that err is about; nil if nothing answered, or err is about no request.
func AnswerOf(err error) *Answer {
	if failed := ErrorOf(err); failed != nil {
		return failed.Answer
	}
	return nil
}

// StatusOf returns the status code of [AnswerOf]; 0 without an answer.
func StatusOf(err error) int {
	if answer := AnswerOf(err); answer != nil {
		return answer.Status
	}
	return 0
}

// AmbiguousTries returns how many tries of the request that err is about may have had their effect all the same; 0 if err is about none.
func AmbiguousTries(err error) int {
	if failed := ErrorOf(err); failed != nil {
		return failed.AmbiguousTries
	}
	return 0
}

// WithServerMessage returns err with the [Answer.ServerMessage] of its request at its end, if err has an answer and does not say that yet;
// else err itself, nil too.
func WithServerMessage(err error) error {
	answer := AnswerOf(err)
	if answer == nil {
		return err
	}
	message := answer.ServerMessage()
	if strings.Contains(err.Error(), message) {
		return err
	}
	return fmt.Errorf("%w: %s", err, message)
}

// Advice returns the next step for a request that was not answered for a reason that a later run may not mend either; empty for any other
// reason, and if err is about no request.
func Advice(err error) string {
	failed := ErrorOf(err)
	if failed == nil {
		return ""
	}
	if advice := proxyAdvice(failed.Err, failed.host()); advice != "" {
		return advice
	}
	var unreadable *Unreadable
	var invalid x509.CertificateInvalidError
	var otherHost x509.HostnameError
	switch {
	case errors.As(failed.Err, &invalid) && invalid.Reason == x509.Expired:
		return "check the clock of this machine: by that, the certificate has expired or is not valid yet; if the clock is right, " +
			"the operators of " + cmp.Or(failed.host(), "the server") + " must renew it, or those of a proxy that decrypts"
	case errors.As(failed.Err, &otherHost):
		return "check the address: the certificate is for another host; if the address is right, stop: " +
			"someone may be intercepting the connection"
	case untrusted(failed.Err):
		return "if the server or a proxy has a certificate of your own certificate authority, set `ca-bundle` to its root certificate; " +
			"otherwise stop: someone may be intercepting the connection"
	case unknownHost(failed.Err):
		return "check the host name: this machine cannot resolve it" + failed.letThrough()
	case unreachable(failed.Err):
		return "run the job again later: no connection was made" + failed.letThrough()
	case errors.As(failed.Err, &unreadable) && unreadable.Tunnel:
		return "run the job again without the proxy, or with the host in `NO_PROXY`: " +
			"an answer whose message has several lines cannot be read through a proxy"
	case errors.As(failed.Err, &unreadable):
		return "check the address, and what is between this machine and the server: the answer is not HTTP/1.1"
	}
	return ""
}

// letThrough returns an addition to the next step for a request that did not get to its host: something may stand between. It is empty for
// a host that is this machine.
func (e *Error) letThrough() string {
	u, err := url.Parse(e.URL)
	if err != nil || u.Hostname() == "" || Loopback(u.Hostname()) {
		return ""
	}
	return "; if an egress filter or a firewall guards the job, let it reach " + u.Host
}

// host returns the host and port of the request; empty if they are unknown.
func (e *Error) host() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// unreachable reports whether no connection to the host was made.
func unreachable(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "dial"
}

// Permanent reports whether another try of a request that ended with err would end alike, since the server's certificate is not trusted,
// its name is not known, or a proxy does not let the client through to it.
func Permanent(err error) bool { return untrusted(err) || unknownHost(err) || filtered(err) }

func untrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

func unknownHost(err error) bool {
	var name *net.DNSError
	return errors.As(err, &name) && name.IsNotFound
}
