package gsm7

// portugueseLocking is the Portuguese national language locking shift table, 3GPP TS 23.038
// §A.3.3.
var portugueseLocking = table{
	0x00: '@', '£', '$', '¥', 'ê', 'é', 'ú', 'í', 'ó', 'ç', '\n', 'Ô', 'ô', '\r', 'Á', 'á',
	0x10: 'Δ', '_', 'ª', 'Ç', 'À', '∞', '^', '\\', '€', 'Ó', '|', none, 'Â', 'â', 'Ê', 'É',
	0x20: ' ', '!', '"', '#', 'º', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
	0x30: '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
	0x40: 'Í', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
	0x50: 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ã', 'Õ', 'Ú', 'Ü', '§',
	0x60: '~', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
	0x70: 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ã', 'õ', '`', 'ü', 'à',
}

// portugueseSingle is the Portuguese national language single shift table, 3GPP TS 23.038
// §A.2.3.
var portugueseSingle = table{
	0x05: 'ê', none, none, none, 'ç', '\f', 'Ô', 'ô', none, 'Á', 'á',
	0x12: 'Φ', 'Γ', '^', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', none, none, none, none, none, 'Ê',
	0x28: '{', 0x29: '}', 0x2F: '\\',
	0x3C: '[', 0x3D: '~', 0x3E: ']',
	0x40: '|', 0x41: 'À', 0x49: 'Í', 0x4F: 'Ó',
	0x55: 'Ú', 0x5B: 'Ã', 0x5C: 'Õ',
	0x61: 'Â', 0x65: '€', 0x69: 'í', 0x6F: 'ó',
	0x75: 'ú', 0x7B: 'ã', 0x7C: 'õ', 0x7F: 'â',
}
