/**
 * The version of the terms of use and the privacy notice that the registration form asks to accept; it is kept with the
 * account. Change it together with either text.
 */
export const consentVersion = '2026-11-29'
