package ghrelease

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v63/github"

	"github.com/org/pypi-oidc-publish/internal/finding"
	"github.com/org/pypi-oidc-publish/internal/wire"
)

const permissionFix = "add `contents: write` to the `permissions` of the job, and pass `github-token: ${{ github.token }}`"

// reply describes a failed request.
type reply struct {
	answer  *wire.Answer // nil: none
	limited bool         // a rate limit
	unclear bool         // the request may have succeeded
	final   bool         // a retry does not help
}

// replyOf returns the description of an error of the library or of package wire.
func replyOf(err error) reply {
	failed := wire.ErrorOf(err)
	var refused *github.ErrorResponse
	var otp *github.TwoFactorAuthError
	var rate *github.RateLimitError
	var abuse *github.AbuseRateLimitError
	switch {
	case err == nil:
		return reply{}
	case failed != nil:
		return reply{
			answer: failed.Answer, limited: limited(failed.Answer), unclear: failed.Answer == nil || failed.AmbiguousTries > 0,
			final: wire.Permanent(err) || exhausted(failed.Answer),
		}
	case errors.As(err, &refused):
		answer := answerOf(refused.Response)
		return reply{answer: answer, limited: limited(answer)}
	case errors.As(err, &otp):
		return reply{answer: answerOf(otp.Response)}
	case errors.As(err, &rate):
		return reply{answer: answerOf(rate.Response), limited: true}
	case errors.As(err, &abuse):
		return reply{answer: answerOf(abuse.Response), limited: true}
	default:
		return reply{unclear: errors.Is(err, errUnclear)}
	}
}

// answerOf converts a response of the library, whose body the library has read and replaced.
func answerOf(response *http.Response) *wire.Answer {
	if response == nil {
		return nil
	}
	answer := &wire.Answer{Status: response.StatusCode, Header: response.Header}
	_, answer.Reason, _ = strings.Cut(response.Status, " ")
	if response.Body != nil {
		answer.Body, _ = io.ReadAll(response.Body) // from memory
	}
	response.Body = io.NopCloser(bytes.NewReader(answer.Body))
	return answer
}

// limited reports whether an answer is a rate limit. GitHub uses status 403 for rate limits and for refusals.
func limited(a *wire.Answer) bool {
	switch {
	case a == nil:
		return false
	case a.Status == http.StatusTooManyRequests:
		return true
	case a.Status != http.StatusForbidden:
		return false
	}
	return a.Header.Get("Retry-After") != "" || exhausted(a) || strings.Contains(a.ServerMessage(), "rate limit")
}

// exhausted reports whether the requests of this hour are used up.
func exhausted(a *wire.Answer) bool {
	return a != nil && a.Header.Get("X-Ratelimit-Remaining") == "0" && a.Status/100 == 4
}

// status returns the status code of the answer, or 0.
func (r reply) status() int {
	if r.answer == nil {
		return 0
	}
	return r.answer.Status
}

// passing reports whether another try of an upload may succeed.
func (r reply) passing() bool {
	switch {
	case r.final:
		return false
	case r.unclear, r.limited, r.answer.Temporary():
		return true
	default:
		return r.exists()
	}
}

// exists reports whether GitHub refused an asset because its name exists.
func (r reply) exists() bool {
	type one struct {
		Code string `json:"code"`
	}
	var decoded struct {
		Errors []one `json:"errors"`
	}
	return r.status() == http.StatusUnprocessableEntity && json.Unmarshal(r.answer.Body, &decoded) == nil &&
		slices.ContainsFunc(decoded.Errors, func(e one) bool { return e.Code == "already_exists" })
}

// waitBefore returns how long to wait after the try with this number, counted from 1.
func (r reply) waitBefore(n int) time.Duration {
	wait := first << (n - 1)
	if r.limited {
		wait = limit
	}
	if r.answer != nil {
		if delay, ok := r.answer.RetryAfter(r.answer.Date()); ok {
			wait = max(min(delay, longest), first)
		}
	}
	return wait
}

// temporaryError returns a finding for a temporary failure: a cancelled run, a rate limit, no answer, or an unexpected one.
func temporaryError(ctx context.Context, doing string, err error) error {
	var ours finding.Finding
	reply, fix := replyOf(err),
		"check https://www.githubstatus.com and run the job again later: assets that are already attached are recognised"
	switch cause := context.Cause(ctx); {
	case cause != nil:
		return failure{
			finding.New(finding.Cancelled,
				"the run was cancelled before it could "+doing+": "+cause.Error(),
				"run the job again: assets that are already attached are recognised"), everyAsset,
		}
	case errors.As(err, &ours):
		return err
	case reply.limited:
		return failure{finding.New(finding.GitHubRateLimit,
			"GitHub accepts no more requests with this token for now, so this program could not "+doing+": "+messageOf(reply, err),
			"run the job again later: assets that are already attached are recognised"), everyAsset}
	case reply.answer == nil:
		fix = cmp.Or(wire.Advice(err), fix)
	}
	return failure{
		finding.New(finding.GitHubUnavailable, "a request to GitHub failed, so this program could not "+doing+": "+messageOf(reply, err),
			fix),
		unanswered,
	}
}

// messageOf returns the status code and message of GitHub's answer, or the error if there is no answer.
func messageOf(r reply, err error) string {
	if r.answer == nil {
		return err.Error()
	}
	code, message := fmt.Sprint(r.answer.Status), r.answer.ServerMessage()
	if strings.HasPrefix(message, code) {
		return message
	}
	return code + " " + message
}

// permissionError returns a finding for a request that GitHub did not permit.
func permissionError(ctx context.Context, doing string, err error) error {
	reply := replyOf(err)
	if ctx.Err() != nil || reply.limited {
		return temporaryError(ctx, doing, err)
	}
	switch status := reply.status(); {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
		return failure{finding.New(finding.GitHubPermission,
			"GitHub does not let this token "+doing+": "+messageOf(reply, err),
			permissionFix), everyAsset}
	case status/100 == 3:
		return failure{finding.New(finding.GitHubRepository,
			"GitHub answered with a redirect, so this program could not "+doing+": the repository may have been renamed or moved",
			"start a new run, which uses the current name of the repository: this program does not send a token to a redirect"), everyAsset}
	default:
		return temporaryError(ctx, doing, err)
	}
}

// assetError returns a finding for an asset that GitHub did not accept.
func assetError(ctx context.Context, r Release, a Asset, err error) error {
	reply, doing := replyOf(err), "attach "+a.Name+" to the release "+r.Tag
	switch status := reply.status(); {
	case reply.limited, status/100 != 4, reply.answer.Temporary():
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
	case bytes.Contains(bytes.ToLower(reply.answer.Body), []byte("immutable release")):
		return immutable(r, a.Name)
	default:
		return finding.New(finding.GitHubAssetRefused,
			fmt.Sprintf("GitHub refused to attach %s to the release %s: %s", a.Name, r.Tag, messageOf(reply, err)),
			"fix what the message says, and run the job again: assets that are already attached are recognised")
	}
	return permissionError(ctx, doing, err)
}

// immutable returns a finding for an immutable release that lacks assets.
func immutable(r Release, missing string) error {
	return failure{finding.New(finding.GitHubReleaseImmutable,
		fmt.Sprintf("the release %s is immutable since it was published, and accepts no more assets; missing: %s", r.Tag, missing),
		"leave `github-release` out for this release, since nobody can add files to it; for the next one, create the release as a draft, "+
			"run this action with `github-release`, then publish the draft"), everyAsset}
}

// unexpectedAnswer returns a finding for an answer that is not one of GitHub's API.
func unexpectedAnswer(doing, why string) error {
	return failure{finding.New(finding.GitHubUnavailable,
		"GitHub sent an unexpected answer, so this program could not "+doing+": "+why,
		"check GITHUB_API_URL and any proxy between this machine and GitHub, and run the job again later"), unanswered}
}

// failure is a finding about one asset that also affects the others. Any other finding is about its asset only.
type failure struct {
	finding.Finding
	others prospect
}

// Unwrap returns the finding.
func (f failure) Unwrap() error { return f.Finding }

// prospect says what the failure of one asset means for those that were not tried yet.
type prospect uint8

const (
	unknown    prospect = iota // nothing
	unanswered                 // GitHub gave no valid answer: the others may get one
	everyAsset                 // they would fail for the same reason
)

// prospectOf returns what an error means for other assets.
func prospectOf(err error) prospect {
	var f failure
	if errors.As(err, &f) {
		return f.others
	}
	return unknown
}

// withSkippedCount adds the number of assets that were not tried to the last finding of an error.
func withSkippedCount(err error, left int) error {
	all := finding.Of(err)
	last := &all[len(all)-1]
	last.Message = fmt.Sprintf("%s (%d more were not tried)", strings.TrimSuffix(last.Message, "."), left)
	var explained []error
	for _, f := range all {
		explained = append(explained, f)
	}
	return errors.Join(explained...)
}
