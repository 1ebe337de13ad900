// Package gsm7 implements the GSM 7 bit alphabet of 3GPP TS 23.038: the default
// alphabet with its extension table, the shift tables of the thirteen national
// languages, and the packing of septets into octets.
//
// [Tables] is the pair of tables that a text is encoded with. Its zero value is the
// default alphabet and its extension table, which every handset has:
//
//	septets, err := gsm7.Tables{}.Encode(nil, "Price: 5 €") // one septet per octet
//	octets := gsm7.Pack(nil, septets, 0)                    // eight septets in seven octets
//
// A character of the locking table (here the default alphabet) takes one septet, one
// of the single shift table (here the extension table) two: an escape and its code.
//
// The functions append to their destination and allocate only if it is too small.
// They are safe for concurrent use and do not panic on any input.
package gsm7
