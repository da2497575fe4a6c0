package publish

import (
	"context"

	"github.com/org/pypi-oidc-publish/internal/pep/trove"
)

// classify asks the index for its own list of classifiers where a file has one that this program's table does not know: the
// index may have learned it since. Without an answer it stays unknown, which is a warning.
func (r *run) classify(ctx context.Context) {
	if !r.hasUnknownClassifier() {
		return
	}
	if list, err := r.Index.Classifiers(ctx); err == nil {
		r.classifiers = list
	}
}

func (r *run) hasUnknownClassifier() bool {
	for _, d := range r.files {
		for _, classifier := range d.Sent("Classifier") {
			if standing, _ := trove.Look(classifier); standing == trove.Unknown {
				return true
			}
		}
	}
	return false
}
