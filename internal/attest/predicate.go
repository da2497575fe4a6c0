package attest

// PublishPredicate is the type of what this program states: that a workflow published the file. The other type that an index
// takes is SLSA provenance, which whoever built the file made.
const PublishPredicate = publishPredicate
