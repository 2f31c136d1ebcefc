// Inside the frame, after the customer is done: tells the merchant's page, whose script settles its promise.
window.parent.postMessage({ from: 'cashfree-sandbox', ending: document.currentScript.dataset.ending }, '*')
