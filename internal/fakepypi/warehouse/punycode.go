package warehouse

// punycode returns a label of a host name in Punycode (RFC 3492), without the prefix xn--.
func punycode(label []rune) string {
	const (
		first = 0x80
		skew  = 72
	)
	var out []byte
	for _, r := range label {
		if r < first {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	next, delta, bias := rune(first), 0, skew
	for done := basic; done < len(label); next++ {
		least := rune(0x7fffffff)
		for _, r := range label {
			if r >= next && r < least {
				least = r
			}
		}
		delta += int(least-next) * (done + 1)
		next = least
		for _, r := range label {
			if r < next {
				delta++
			}
			if r == next {
				out = appendDelta(out, delta, bias)
				bias = adapt(delta, done+1, done == basic)
				delta = 0
				done++
			}
		}
		delta++
	}
	return string(out)
}

// appendDelta appends delta to out in the variable-length digits of Punycode.
func appendDelta(out []byte, delta, bias int) []byte {
	const digits = "abcdefghijklmnopqrstuvwxyz0123456789"
	for k := 36; ; k += 36 {
		threshold := min(max(k-bias, 1), 26)
		if delta < threshold {
			return append(out, digits[delta])
		}
		delta -= threshold
		out = append(out, digits[threshold+delta%(36-threshold)])
		delta /= 36 - threshold
	}
}

// adapt returns the bias for the next delta (RFC 3492 section 6.1).
func adapt(delta, points int, first bool) int {
	if first {
		delta /= 700
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > 35*26/2; k += 36 {
		delta /= 35
	}
	return k + 36*delta/(delta+38)
}
