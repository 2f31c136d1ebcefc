/** Names as they are met across India, most of them several times in a large crowd. */
const firstNames =
  `Aarav Aditi Ajay Akash Amit Amrita Ananya Anil Anita Anjali Arjun Arun Asha Ashok Bhavna Chetan Deepa Deepak Devika
  Divya Farhan Ganesh Gaurav Geeta Harpreet Harsh Imran Ishaan Jaya Jyoti Karan Kavita Kiran Krishna Lakshmi Lata Madhuri
  Mahesh Manish Manoj Meera Mohammed Mohan Nandini Naveen Neha Nikhil Nisha Nitin Pooja Pradeep Prakash Pranav Preeti
  Priya Rahul Rajesh Rakesh Ramesh Ravi Rekha Ritu Rohan Rohit Sachin Sandeep Sanjay Sarita Shalini Shreya Siddharth
  Simran Sneha Sonia Sudha Sunil Sunita Suresh Swati Tanvi Uma Vandana Varun Vidya Vijay Vikram Vinod Vivek Yash Zoya`.split(
    /\s+/,
  )

const lastNames =
  `Agarwal Bajaj Banerjee Bhat Bhattacharya Bose Chakraborty Chatterjee Chauhan Chopra Das Desai Deshmukh Dubey Dutta
  Fernandes Gandhi Ghosh Gill Gowda Gupta Hegde Iyengar Iyer Jadhav Jain Joshi Kamath Kapoor Kaur Khan Kulkarni Kumar
  Mahajan Malhotra Mehta Menon Mishra Mukherjee Nair Naidu Pandey Patel Patil Pawar Pillai Prasad Raghavan Rajan Rao
  Rathore Reddy Roy Saxena Sen Shah Sharma Shetty Shinde Shukla Singh Sinha Srinivasan Subramanian Thakur Tiwari Trivedi
  Varma Verma Yadav`.split(/\s+/)

/** GST codes of the states they live in, the more populous ones more often. */
const stateCodes = '27 27 27 27 29 29 29 33 33 24 24 07 07 36 36 09 09 19 32 08 06 23 03 21 37 10'.split(' ')

/** What Cashfree says of attempts that failed, the usual ones more often; the second list is of people who left. */
const failureReasons = [
  'Transaction was declined by the bank',
  'Transaction was declined by the bank',
  'Insufficient funds in the account',
  'Insufficient funds in the account',
  'Collect request expired',
  'Collect request expired',
  'Bank did not respond in time',
  'Incorrect PIN or OTP entered',
  'Authentication was declined by the customer',
  'Debit has failed at the remitter bank',
  'Transaction declined: suspected fraud',
  'Invalid amount',
]
const leavingReasons = ['User dropped and did not complete the two factor authentication']

const methods = 'upi upi upi upi upi upi upi credit_card debit_card net_banking'.split(' ')

/** What people are called, where they live, how they pay and why it fails. */
export const nameParts = { firstNames, lastNames, stateCodes, failureReasons, leavingReasons, methods }
export type NameParts = typeof nameParts
