package attest

// PublishPredicate is the predicate type of this program's attestations: a workflow published the file. The other type that an index
// accepts is SLSA provenance, which describes the build of the file.
const PublishPredicate = publishPredicate
