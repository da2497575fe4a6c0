package wire

import "errors"

// AnswerOf returns the last answer of the request that err is about; nil if err is about none, or nothing answered.
func AnswerOf(err error) *Answer {
	var failed *Error
	if !errors.As(err, &failed) {
		return nil
	}
	return failed.Answer
}

// StatusOf returns the status code of [AnswerOf]; 0 without an answer.
func StatusOf(err error) int {
	if answer := AnswerOf(err); answer != nil {
		return answer.Status
	}
	return 0
}
