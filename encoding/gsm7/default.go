package gsm7

// defaultAlphabet is the GSM 7 bit default alphabet, 3GPP TS 23.038 §6.2.1.
// Code 0x09 is the capital Ç. Code 0x1B is the escape and no character.
var defaultAlphabet = table{
	0x00: '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
	0x10: 'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', none, 'Æ', 'æ', 'ß', 'É',
	0x20: ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
	0x30: '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
	0x40: '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
	0x50: 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
	0x60: '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
	0x70: 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
}

// defaultExtension is the extension table, 3GPP TS 23.038 §6.2.1.1. Code 0x0A
// is the page break. Code 0x1B is reserved for a further table and no character.
var defaultExtension = table{
	0x0A: '\f',
	0x14: '^',
	0x28: '{', 0x29: '}', 0x2F: '\\',
	0x3C: '[', 0x3D: '~', 0x3E: ']',
	0x40: '|',
	0x65: '€',
}
