// Package gsm7 is the GSM 7 bit alphabet of 3GPP TS 23.038: the default
// alphabet with its extension table, the shift tables of the thirteen national
// languages, and the packing of septets into octets.
//
// [Tables] names the pair of tables a text is written with. Its zero value is
// the default alphabet and its extension table, which every handset has:
//
//	septets, err := gsm7.Tables{}.Encode(nil, "Price: 5 €") // one septet per octet
//	octets := gsm7.Pack(nil, septets, 0)                    // eight septets in seven octets
//
// A character of the locking table (here the default alphabet) costs one
// septet, one of the single shift table (here the extension table) two: the
// escape and its code.
//
// The functions append to the destination they are given and allocate only if
// it is too small. They keep no state and are safe for concurrent use. No input
// makes them panic.
package gsm7
