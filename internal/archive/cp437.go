package archive

import "unicode/utf8"

// highCP437 lists the characters for the bytes from 0x80 in code page 437, the default encoding of names in a zip.
const highCP437 = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»" +
	"░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"

// fromCP437 decodes a name. It returns raw itself if it is ASCII.
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
