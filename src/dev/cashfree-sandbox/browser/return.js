// Takes the customer back to the merchant, as Cashfree's page does; without scripts there is a button.
document.querySelector('form').submit()
