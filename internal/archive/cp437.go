package archive

import "unicode/utf8"

// highCP437 are the characters of the bytes from 0x80 on in the character set of the first PC, in which names in a zip
// are where nothing else is said.
const highCP437 = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"

// fromCP437 returns raw itself where it is ASCII.
func fromCP437(raw []byte) []byte {
	ascii := 0
	for ascii < len(raw) && raw[ascii] < utf8.RuneSelf {
		ascii++
	}
	if ascii == len(raw) {
		return raw
	}
	high := []rune(highCP437)
	decoded := append([]byte(nil), raw[:ascii]...)
	for _, b := range raw[ascii:] {
		if b < utf8.RuneSelf {
			decoded = append(decoded, b)
			continue
		}
		decoded = utf8.AppendRune(decoded, high[b-utf8.RuneSelf])
	}
	return decoded
}
