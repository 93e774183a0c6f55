/* Vector table and start: what the others have besides. */
int main(void) {
  for (;;) {
  }
}
