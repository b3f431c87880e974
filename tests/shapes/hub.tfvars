rules = {
  a = { priority = 200 }
}
